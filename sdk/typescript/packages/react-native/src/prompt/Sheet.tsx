import {
  agentName, backOf, hasOthers, isEnding, isEnrolment, keyOf, type PromptView, type Screen, scopeWords, showsApproved, statusOf, stepOf, type Stop, stopOf,
  titleOf,
} from '@stepup-auth/client/prompt/headless';
import { type ReactNode, useEffect, useRef } from 'react';
import { AccessibilityInfo, Platform, Pressable, Text, View } from 'react-native';
import type { Ui } from './context.js';
import { Enrol, EnrolPasskey, EnrolTotp, Keep } from './enrolment.js';
import { Icon } from './Icon.js';
import { Choose, Passkey, Recovery, SentCode, Social, Totp, Wallet } from './methods.js';
import { Emblem, Link, Primary, Words } from './parts.js';

/** Everything between the edges of the sheet. */
export const Sheet = ({ ui }: { ui: Ui }): ReactNode => {
  const { flow, texts, styles, colors } = ui;
  const { view, screen } = flow.state;
  const back = backOf(flow);
  const step = stepOf(ui);
  return (
    <>
      <View style={styles.header}>
        {back && <IconButton ui={ui} icon="back" label={texts.back} onPress={back} />}
        <Icon name="shield" color={colors.accent} size={18} />
        <Text style={styles.app} numberOfLines={2}>{view?.app?.name ?? ''}</Text>
        {screen.name !== 'done' && <IconButton ui={ui} icon="close" label={texts.close} onPress={() => flow.close()} />}
      </View>
      <View style={styles.body}>
        {step && <Words ui={ui} said={step} style={{ ...styles.label, ...styles.step }} />}
        {!isEnding(screen) && <Title ui={ui}>{titleOf(ui)}</Title>}
        {showsApproved(flow.state) && <Approved ui={ui} view={flow.asking} />}
        <View key={keyOf(screen)} testID={`stepup-screen-${screen.name}`}><Current ui={ui} screen={screen} /></View>
        {hasOthers(flow) && <Link ui={ui} onPress={() => flow.another()}>{texts.anotherWay}</Link>}
      </View>
      {view && screen.name !== 'done' && <Foot ui={ui} view={view} />}
      <Status ui={ui} />
    </>
  );
};

const IconButton = ({ ui, icon, label, onPress }: { ui: Ui; icon: 'back' | 'close'; label: string; onPress: () => void }): ReactNode => (
  <Pressable role="button" accessibilityLabel={label} aria-label={label} style={ui.styles.iconButton} onPress={onPress}>
    <Icon name={icon} color={ui.colors.muted} turned={icon === 'back' && ui.rtl} />
  </Pressable>
);

/** What a screen begins with: screen readers go there when another one comes, unless it begins with a field. */
const Title = ({ ui, children, centered = false }: { ui: Ui; children: string; centered?: boolean }): ReactNode => {
  const place = useRef<{ focus(): void }>(null);
  const { screen } = ui.flow.state;
  const typed = screen.name === 'totp' || screen.name === 'recovery' || (screen.name === 'code' && screen.sent !== null);
  const key = keyOf(screen);
  useEffect(() => {
    const title = place.current;
    if (!title || typed) return;
    if (Platform.OS === 'web') title.focus();
    else AccessibilityInfo.sendAccessibilityEvent?.(title as never, 'focus');
  }, [key, typed]);
  return (
    <Text
      ref={place as never}
      role="heading"
      aria-level={1}
      {...(Platform.OS === 'web' ? { tabIndex: -1 } : {})}
      style={[ui.styles.title, centered && ui.styles.center, { outlineWidth: 0 }]}
    >
      {children}
    </Text>
  );
};

const Current = ({ ui, screen }: { ui: Ui; screen: Screen }): ReactNode => {
  switch (screen.name) {
    case 'loading':
      return <View aria-hidden importantForAccessibility="no-hide-descendants">{[0, 1, 2].map((n) => <View key={n} style={ui.styles.skeleton} />)}</View>;
    case 'choose':
      return <Choose ui={ui} />;
    case 'code':
      return <SentCode ui={ui} screen={screen} />;
    case 'totp':
      return <Totp ui={ui} screen={screen} />;
    case 'passkey':
      return <Passkey ui={ui} />;
    case 'wallet':
      return <Wallet ui={ui} screen={screen} />;
    case 'social':
      return <Social ui={ui} screen={screen} />;
    case 'recovery':
      return <Recovery ui={ui} />;
    case 'enrol':
      return <Enrol ui={ui} />;
    case 'enrolTotp':
      return <EnrolTotp ui={ui} totp={screen.totp} />;
    case 'enrolPasskey':
      return <EnrolPasskey ui={ui} />;
    case 'keep':
      return <Keep ui={ui} codes={screen.codes} />;
    case 'done':
      return <Done ui={ui} />;
    case 'stop':
      return <Stopped ui={ui} why={screen.why} until={screen.until} />;
  }
};

/** What is approved: the transaction word for word, or what the scopes allow. */
const Approved = ({ ui, view }: { ui: Ui; view: PromptView }): ReactNode => {
  const { texts, styles } = ui;
  const { binding, scopes } = view;
  const lines = binding
    ? binding.summary.split('\n').map((text) => ({ text, isName: false }))
    : scopes.map(({ scope, words }) => {
      const said = scopeWords(texts, scope, words);
      return said === undefined ? { text: scope, isName: true } : { text: said.charAt(0).toLocaleUpperCase() + said.slice(1), isName: false };
    });
  const shown = lines.length > 0 ? lines : [{ text: texts.protectedAction, isName: false }];
  return (
    <View style={[styles.approved, binding && styles.exactly]}>
      <Text style={styles.label}>{binding ? texts.approveExactly : texts.approve}</Text>
      {shown.map(({ text, isName }, n) => (
        <View key={text} style={n > 0 && styles.nextLine}><Text style={[styles.line, isName && styles.name]}>{text}</Text></View>
      ))}
    </View>
  );
};

const Foot = ({ ui, view }: { ui: Ui; view: PromptView }): ReactNode => {
  const { texts, styles } = ui;
  const { account, asked } = view;
  if (!account && !asked) return null;
  const from = asked && { address: asked.address ?? '?', userAgent: agentName(asked.userAgent ?? '?') };
  return (
    <View style={styles.foot}>
      {account && <Words ui={ui} said={{ text: texts.signedInAs, values: { account } }} style={styles.footText} />}
      {from && <Words ui={ui} said={{ text: texts.askedFrom, values: from }} style={styles.footText} />}
    </View>
  );
};

/** Says aloud what is going on. */
const Status = ({ ui }: { ui: Ui }): ReactNode => {
  const said = statusOf(ui);
  useEffect(() => {
    if (said && Platform.OS !== 'web') AccessibilityInfo.announceForAccessibility(said);
  }, [said]);
  if (Platform.OS !== 'web') return null;
  return <View role="status" style={{ position: 'absolute', width: 1, height: 1, overflow: 'hidden' }}><Text>{said}</Text></View>;
};

const Done = ({ ui }: { ui: Ui }): ReactNode => (
  <View style={ui.styles.ending}>
    <Emblem ui={ui} icon="check" color={ui.colors.good} />
    <Title ui={ui} centered>{ui.texts.done}</Title>
  </View>
);

/** Nothing can be done here, and what can be done elsewhere. */
const Stopped = ({ ui, why, until }: { ui: Ui; why: Stop; until: number | undefined }): ReactNode => {
  const { texts, flow, styles } = ui;
  const { icon, title, todo, passkeysOff, wait, again } = stopOf(ui, why, until);
  return (
    <View style={styles.ending}>
      <Emblem ui={ui} icon={icon} />
      <Title ui={ui} centered>{title}</Title>
      <Text style={[styles.ask, styles.center]}>{todo}</Text>
      {passkeysOff && <Text style={styles.aside}>{texts.passkeysOff}</Text>}
      {wait && <Words ui={ui} said={wait} style={styles.aside} />}
      {again && <Primary ui={ui} onPress={() => void flow.start()}>{texts.tryAgain}</Primary>}
      <Pressable role="button" style={[styles.primary, styles.secondary]} onPress={() => flow.close()}>
        <Text style={[styles.primaryText, styles.secondaryText]}>{texts.dismiss}</Text>
      </Pressable>
    </View>
  );
};

/** Whether something is shown that a stray press must not take away: recovery codes, until their owner says that they are kept. */
export const isKept = (screen: Screen): boolean => isEnrolment(screen) && screen.name === 'keep';
