import { InvalidParamError, StepUpCancelledError, type StepUpPrompt, type StepUpPromptRequest, StepUpUnavailableError } from '@stepup-auth/client';
import { clientEndpoints, closedError, Flow, type FlowState, type FoundWallet, type PromptEndpoints } from '@stepup-auth/client/prompt/headless';

export interface AskOptions {
  /** Whether factors may be enrolled in it, those that the environment has. */
  readonly enrol: boolean;
  readonly findWallets: ((chain?: string) => Promise<readonly FoundWallet[]>) | undefined;
}

/** Those who are told of something's changes. */
class Listeners {
  readonly #all = new Set<() => void>();

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#all.add(listener);
    return () => {
      this.#all.delete(listener);
    };
  };

  tell(): void {
    for (const listener of [...this.#all]) listener();
  }
}

/** One question to the user: a flow, which whoever draws it is told of. */
export class Ask {
  static #count = 0;
  readonly id = (Ask.#count += 1);
  readonly flow: Flow;
  readonly answered: Promise<void>;
  readonly #changes = new Listeners();
  readonly subscribe = this.#changes.subscribe;
  readonly state = (): FlowState => this.flow.state;

  /** over is called when there is nothing to draw any more; signal ends it. */
  constructor(endpoints: PromptEndpoints, { findWallets }: Pick<AskOptions, 'findWallets'>, signal: AbortSignal, over: () => void) {
    let settle: { resolve: () => void; reject: (error: Error) => void };
    this.answered = new Promise((resolve, reject) => {
      settle = { resolve, reject };
    });
    const end = (run: () => void): void => {
      signal.removeEventListener('abort', aborted);
      this.flow.end();
      over();
      run();
    };
    const aborted = (): void => end(() => settle.reject(new StepUpCancelledError('The session ended while the prompt was open.')));
    this.flow = new Flow({
      endpoints,
      verified: () => end(settle.resolve),
      closed: (why) => {
        const { message, reason } = closedError(why);
        end(() => settle.reject(reason ? new StepUpUnavailableError(reason) : new StepUpCancelledError(message)));
      },
      changed: () => this.#changes.tell(),
      findWallets: findWallets ?? (async () => []),
    });
    signal.addEventListener('abort', aborted);
  }
}

/** Questions that wait for their answers. One is on the screen at a time. */
export class Asks {
  #open: readonly Ask[] = [];
  #isDrawn = false;
  readonly #changes = new Listeners();
  readonly subscribe = this.#changes.subscribe;
  readonly first = (): Ask | null => this.#open[0] ?? null;

  constructor(private readonly options: () => AskOptions) {}

  /** What clients ask the user with. */
  readonly prompt: StepUpPrompt = Object.assign(
    async (request: StepUpPromptRequest): Promise<void> => {
      if (!this.#isDrawn) throw new InvalidParamError('<StepUpPrompts> is not in the app any more.');
      const { enrol, ...options } = this.options();
      const over = (): void => this.#set(this.#open.filter((one) => one !== ask));
      const ask: Ask = new Ask(clientEndpoints({ request, enrol }), options, request.signal, over);
      this.#set([...this.#open, ask]);
      void ask.flow.start();
      await ask.answered;
    },
    { explains: true as const },
  );

  begin(): void {
    this.#isDrawn = true;
  }

  /** Nobody draws them any more: each is closed, as the user would. */
  end(): void {
    this.#isDrawn = false;
    for (const { flow } of this.#open) flow.close();
  }

  #set(open: readonly Ask[]): void {
    this.#open = open;
    this.#changes.tell();
  }
}
