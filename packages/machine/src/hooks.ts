/**
 * The hooks of one machine. tapable orders and runs the taps; this file is the only one that knows it. An error that
 * a tap throws says which plugin and which hook it came from.
 */
import { LockframeError } from "@lockframe/architecture";
import {
  type AssembleContext,
  type CheckstopContext,
  type DevicesReadyContext,
  type HookName,
  type IplContext,
  type IplEntry,
  type MachinePlan,
  type Phase,
  type Plugin,
  Refusal,
  type ResetContext,
  type SecureTransition,
  type ShutdownContext,
  type Tap,
} from "@lockframe/plugin-api";
import { AsyncSeriesHook, SyncBailHook, SyncHook, SyncWaterfallHook } from "tapable";

export interface Hooks {
  /** @param observe - told after each plugin what went in and what came out */
  facilities(plan: MachinePlan, observe: FacilitiesObserver): MachinePlan;
  assemble(context: AssembleContext): Promise<void>;
  devicesReady(context: DevicesReadyContext): Promise<void>;
  reset(context: ResetContext): void;
  /** The entry of the first plugin that knows the source; undefined: none does. */
  ipl(context: IplContext): IplEntry | undefined;
  secureTransition(transition: SecureTransition): void;
  checkstop(context: CheckstopContext): void;
  shutdown(context: ShutdownContext): Promise<void>;
}

export type FacilitiesObserver = (plugin: Plugin, before: MachinePlan, after: MachinePlan) => void;

const stages: Readonly<Record<Phase, number>> = { early: -1, normal: 0, late: 1 };

/** Tap the hooks of a machine in the order of its plugins. */
export function createHooks(plugins: readonly Plugin[]): Hooks {
  const facilities = new SyncWaterfallHook<[MachinePlan, FacilitiesObserver]>(["plan", "observe"]);
  const assemble = new AsyncSeriesHook<[AssembleContext]>(["context"]);
  const devicesReady = new AsyncSeriesHook<[DevicesReadyContext]>(["context"]);
  const reset = new SyncHook<[ResetContext]>(["context"]);
  const ipl = new SyncBailHook<[IplContext], IplEntry | undefined>(["context"]);
  const secureTransition = new SyncHook<[SecureTransition]>(["transition"]);
  const checkstop = new SyncHook<[CheckstopContext]>(["context"]);
  const shutdown = new AsyncSeriesHook<[ShutdownContext]>(["context"]);

  for (const plugin of plugins) {
    const { taps } = plugin;
    onTap(plugin, "facilities", taps.facilities, (options, handler) =>
      facilities.tap(options, (before, observe) => {
        const after = handler(before);
        observe(plugin, before, after);
        return after;
      }),
    );
    onTap(plugin, "assemble", taps.assemble, (options, handler) =>
      assemble.tapPromise(options, inPromise(handler)),
    );
    onTap(plugin, "devicesReady", taps.devicesReady, (options, handler) =>
      devicesReady.tapPromise(options, inPromise(handler)),
    );
    onTap(plugin, "reset", taps.reset, (options, handler) => reset.tap(options, handler));
    onTap(plugin, "ipl", taps.ipl, (options, handler) => ipl.tap(options, handler));
    onTap(plugin, "secureTransition", taps.secureTransition, (options, handler) =>
      secureTransition.tap(options, handler),
    );
    onTap(plugin, "checkstop", taps.checkstop, (options, handler) => checkstop.tap(options, handler));
    onTap(plugin, "shutdown", taps.shutdown, (options, handler) =>
      shutdown.tapPromise(options, inPromise(handler)),
    );
  }

  return {
    facilities: (plan, observe) => facilities.call(plan, observe),
    assemble: (context) => assemble.promise(context),
    devicesReady: (context) => devicesReady.promise(context),
    reset: (context) => reset.call(context),
    ipl: (context) => ipl.call(context),
    secureTransition: (transition) => secureTransition.call(transition),
    checkstop: (context) => checkstop.call(context),
    shutdown: (context) => shutdown.promise(context),
  };
}

interface TapOptions {
  readonly name: string;
  readonly stage: number;
}

function onTap<Context, Result>(
  plugin: Plugin,
  hook: HookName,
  tap: Tap<(context: Context) => Result> | undefined,
  register: (options: TapOptions, handler: (context: Context) => Result) => void,
): void {
  if (tap === undefined) return;
  const { phase, run } = typeof tap === "function" ? { phase: "normal" as const, run: tap } : tap;
  register({ name: plugin.name, stage: stages[phase] }, (context) => {
    try {
      const result = run(context);
      return result instanceof Promise
        ? (result.catch((error: unknown) => blame(plugin, hook, error)) as Result)
        : result;
    } catch (error) {
      return blame(plugin, hook, error);
    }
  });
}

function inPromise<Context>(
  handler: (context: Context) => void | Promise<void>,
): (context: Context) => Promise<void> {
  return async (context) => handler(context);
}

function blame(plugin: Plugin, hook: HookName, error: unknown): never {
  if (error instanceof Refusal) {
    throw new LockframeError(error.code, `${error.message} (refused by ${plugin.name})`, error.hint, {
      cause: error,
    });
  }
  const message = error instanceof Error ? error.message : String(error);
  throw new LockframeError(
    "LF-PLUGIN-003",
    `plugin ${plugin.name} failed in the hook ${hook}: ${message}`,
    undefined,
    {
      cause: error,
    },
  );
}
