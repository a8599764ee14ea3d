/** What devices may have the machine do, and the time that they may ask for. */
import type { MachineControl, Timers } from "@lockframe/plugin-api";
import type { Processors } from "@lockframe/cpu";
import type { Bell } from "./bell.ts";
import type { LifeCycle } from "./life-cycle.ts";

/** Parts that exist only after the devices that use the control. */
export interface ControlledParts {
  readonly lifeCycle: () => LifeCycle;
  readonly processors: () => Processors;
  readonly bell: () => Bell;
  requestShutdown(): boolean;
}

export function machineControl(parts: ControlledParts): MachineControl {
  const ring = (): void => parts.bell().ring();
  return {
    reset() {
      parts.lifeCycle().externalReset();
      ring();
    },
    requestShutdown: () => parts.requestShutdown(),
    end(stop) {
      parts.lifeCycle().requestStop(stop);
      ring();
    },
    pause() {
      parts.lifeCycle().pause();
      ring();
    },
    restart() {
      const processors = parts.processors();
      const [first] = processors.cpus;
      if (first !== undefined) processors.pendingOf(first).restart = true;
      processors.notePending();
      ring();
    },
  };
}

export const hostTimers: Timers = {
  after(milliseconds, callback) {
    const timer = setTimeout(callback, milliseconds);
    return () => clearTimeout(timer);
  },
};
