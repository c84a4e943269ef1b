/*
 * What a prompt says on each screen, for whoever draws it: the component in browsers, and the components of React Native. Nothing here knows
 * of either.
 */
import type { PromptCredential } from './endpoints.js';
import type { Flow, Screen, Stop } from './flow.js';
import type { IconName } from './icons.js';
import type { PromptTexts } from './texts/texts.js';
import { clock, plainWords, providerName, short } from './words.js';

/** What everything here is about. */
export interface Shown {
  readonly flow: Flow;
  readonly texts: PromptTexts;
  /** The clock of this drawing. */
  readonly now: number;
}

/** A text, and what is to be filled in where it has braces. */
export interface Said {
  readonly text: string;
  readonly values?: Readonly<Record<string, string>>;
}

/** Screens with the same key are for the same thing: what was typed there stays, and so does the focus. */
export const keyOf = (screen: Screen): string => `${screen.name}:${'credential' in screen ? screen.credential.id : ''}`;

/** Screens on which a factor is enrolled. */
export const isEnrolment = ({ name }: Screen): boolean => name === 'enrol' || name === 'enrolTotp' || name === 'enrolPasskey' || name === 'keep';

/** Screens that have a title of their own, and say nothing of what is approved. */
export const isEnding = ({ name }: Screen): boolean => name === 'stop' || name === 'done';

export const titleOf = ({ flow, texts }: Shown): string => {
  const titles: Partial<Record<Screen['name'], string>> = {
    keep: texts.keepTitle, enrolTotp: texts.enrolTotp, enrolPasskey: texts.enrolPasskey, enrol: texts.enrolTitle,
  };
  return titles[flow.state.screen.name] ?? texts.title;
};

/** Whether it is shown what is approved. */
export const showsApproved = ({ view, screen }: Flow['state']): boolean =>
  view !== null && !isEnding(screen) && (!isEnrolment(screen) || screen.name === 'enrol');

/** A step back; null where there is none. */
export const backOf = (flow: Flow): (() => void) | null => {
  const { screen, linking, enrolling } = flow.state;
  const leave = (): void => flow.leaveEnrolment();
  if (['done', 'stop', 'loading', 'keep'].includes(screen.name)) return null;
  if (screen.name === 'enrolTotp' || screen.name === 'enrolPasskey') return leave;
  if (linking && enrolling && (screen.name === 'choose' || flow.ways < 2)) return leave;
  return screen.name === 'enrol' && flow.offers.length > 0 ? () => flow.another() : null;
};

/** Where one is on the way through an enrolment: the proof it needs, the factor, the proof that was asked for. */
export const stepOf = ({ flow, texts }: Shown): Said | null => {
  const { screen, linking, enrolling, enrolled, linked } = flow.state;
  if (!(enrolling || enrolled) || isEnding(screen) || screen.name === 'loading') return null;
  const steps = linked ? 3 : 2;
  const step = linking ? 1 : enrolled && screen.name !== 'keep' ? steps : steps - 1;
  return { text: texts.enrolStep, values: { step: String(step), steps: String(steps) } };
};

/** Whether there is a way to the other ways. */
export const hasOthers = (flow: Flow): boolean => {
  const { screen } = flow.state;
  const lone = screen.name === 'recovery' ? flow.offers.length === 0 : flow.ways < 2;
  return !lone && !['choose', 'loading'].includes(screen.name) && !isEnding(screen) && !isEnrolment(screen);
};

/** What a scope allows, in words; its name alone where there are none. */
export const scopeWords = (texts: PromptTexts, scope: string, own: string | undefined): string | undefined =>
  Object.hasOwn(texts.scopes, scope) ? texts.scopes[scope] : own;

export const iconOf = (format: string): IconName => {
  const icons: Readonly<Record<string, IconName>> = { email: 'email', phoneNumber: 'sms', blockchain: 'wallet', oauth: 'social', totp: 'totp' };
  return icons[format] ?? 'passkey';
};

/** What a way is called in the list. */
export const nameOf = (texts: PromptTexts, { format, type }: PromptCredential): string => {
  const names: Readonly<Record<string, string>> = { email: texts.email, phoneNumber: texts.sms, blockchain: texts.wallet, totp: texts.totp };
  return format === 'oauth' ? plainWords(texts.social, { provider: providerName(type) }) : (names[format] ?? texts.passkey);
};

/** What stands below a way in the list. */
export const hintOf = (texts: PromptTexts, { format, alias, address }: PromptCredential): Said => {
  const hints: Readonly<Record<string, string>> = {
    email: texts.emailHint, phoneNumber: texts.smsHint, blockchain: texts.walletHint, totp: texts.totpHint, oauth: texts.socialHint,
  };
  return { text: hints[format] ?? texts.passkeyHint, values: { to: short(alias ?? address ?? '') } };
};

/** What the screen of a code that is sent, or was, has to say and to offer. */
export const codeOf = ({ flow, texts, now }: Shown, { credential, sent }: Extract<Screen, { name: 'code' }>) => {
  const values = { to: credential.alias ?? '' };
  if (!sent) return { ask: { text: texts.willSend, values }, send: texts.sendCode } as const;
  if (sent.until <= now) {
    return { ask: flow.state.problem ? { text: texts.willSend, values } : { text: texts.codeExpired }, send: texts.resend } as const;
  }
  const wait = sent.again - now;
  return {
    ask: { text: texts.sent, values },
    validFor: { text: texts.validFor, values: { time: clock(sent.until - now) } },
    /** How long another one is not to be had yet; null: it is. */
    resendIn: wait > 0 ? { text: texts.resendIn, values: { time: clock(wait) } } : null,
    spam: credential.format === 'email' && wait <= 0,
  } as const;
};

/** What went wrong, in a sentence and what follows it; null: nothing. */
export const problemOn = ({ flow, texts, now }: Shown) => {
  const { problem, screen, typed } = flow.state;
  if (!problem) return null;
  const to = 'credential' in screen ? (screen.credential.alias ?? '') : '';
  return {
    calm: problem.calm === true,
    said: { text: texts[problem.text], values: { to } } satisfies Said,
    more: typed && (problem.text === 'offline' || problem.text === 'unavailable') ? texts.stillHere : null,
    detail: problem.detail ?? null,
    wait: problem.until !== undefined && problem.until > now ? ({ text: texts.waitFor, values: { time: clock(problem.until - now) } } satisfies Said) : null,
  };
};

/** Whether nothing helps but waiting. */
export const isWaiting = ({ flow, now }: Shown): boolean => (flow.state.problem?.until ?? 0) > now;

/** What is said aloud of what is going on. */
export const statusOf = ({ flow, texts }: Shown): string => {
  const { busy, screen } = flow.state;
  return screen.name === 'done' ? texts.done : screen.name === 'loading' ? texts.loading : busy ? texts.working : '';
};

/** Nothing can be done here, and what can be done elsewhere. */
export const stopOf = ({ flow, texts, now }: Shown, why: Stop, until: number | undefined) => {
  const [icon, title, todo] = ({
    disputed: ['alert', texts.stopDisputed, texts.stopDisputedDo],
    cooling_down: ['clock', texts.stopCooling, texts.stopCoolingDo],
    no_method: ['info', texts.stopNoMethod, texts.stopNoMethodDo],
    failed: ['alert', texts.stopFailed, texts.stopFailedDo],
    expired: ['clock', texts.stopExpired, texts.stopExpiredDo],
    session_ended: ['info', texts.stopSession, texts.stopSessionDo],
    not_open: ['info', texts.stopNotOpen, texts.stopNotOpenDo],
  } satisfies Record<Stop, readonly [IconName, string, string]>)[why];
  const wait = (until ?? 0) - now;
  return {
    icon, title, todo,
    passkeysOff: why === 'no_method' && flow.withoutPasskeys,
    wait: wait > 0 ? ({ text: texts.waitFor, values: { time: clock(wait) } } satisfies Said) : null,
    again: (why === 'failed' || why === 'cooling_down') && wait <= 0,
  };
};

/** A key as it is typed, four letters at a time. */
export const inFours = (secret: string): string => secret.replace(/(.{4})(?=.)/g, '$1 ');
