/**
 * Fills one child container for one machine. The only place that registers and resolves: a container shared by
 * two machines would give one the other's storage.
 */
import "reflect-metadata";
import { facilityBit } from "@lockframe/architecture";
import {
  Diagnose308,
  DiagnoseTable,
  kvmHypercall,
  releasePages,
  timeSliceEnd,
  timeSliceYield,
} from "@lockframe/ccw-bios";
import { ChannelSubsystem } from "@lockframe/channel-subsystem";
import { Processors, engineArea, hostRoutines } from "@lockframe/cpu";
import { type Instruction, instructions } from "@lockframe/instructions";
import { Storage } from "@lockframe/memory";
import type { MachineControl, MachinePlan } from "@lockframe/plugin-api";
import { eventType, ServiceProcessor } from "@lockframe/sclp";
import { DigestThread, Ultravisor } from "@lockframe/ultravisor";
import {
  type DependencyContainer,
  type InjectionToken,
  container,
  instancePerContainerCachingFactory,
} from "tsyringe";
import type { MachineOptions } from "../api.ts";
import { Bell } from "../bell.ts";
import { Consoles } from "../consoles.ts";
import { GuestServices } from "../guest-services.ts";
import { InitialProgramLoad } from "../initial-program-load.ts";
import { LifeCycle } from "../life-cycle.ts";
import { machineControl } from "../machine-control.ts";
import { VirtioDevices } from "../virtio-devices.ts";
import { tokens } from "./tokens.ts";

/** A machine whose consoles exist and whose rest waits for the devices that belong to them. */
export interface Begun {
  readonly consoles: Consoles;
  readonly control: MachineControl;
  /** Make the rest. @throws LockframeError what is wrong with the source or the size */
  complete(): Parts;
}

/** The parts of one machine that its run loop holds. */
export interface Parts {
  readonly lifeCycle: LifeCycle;
  readonly initialProgramLoad: InitialProgramLoad;
  readonly processors: Processors;
  readonly consoles: Consoles;
  readonly bell: Bell;
  readonly channelSubsystem: ChannelSubsystem;
  readonly virtioDevices: VirtioDevices;
  readonly ultravisor: Ultravisor;
  readonly services: GuestServices;
  readonly serviceProcessor: ServiceProcessor;
  readonly diagnoseTable: DiagnoseTable;
  /** Ask the guest to shut down. False when it does not listen. */
  requestShutdown(): boolean;
  dispose(): Promise<void>;
}

export function assemble(options: MachineOptions): Begun {
  const child = container.createChildContainer();
  // It is up by the time that a loader has asked for protection.
  const digests = options.hostKeys.length > 0 ? new DigestThread() : undefined;
  const assembly: Assembly = { options, plan: options.planned.plan, provide: providerFor(child) };
  child.register(tokens.options, { useValue: options });
  provideStorage(assembly, digests);
  provideConsoles(assembly);
  provideChannels(assembly);
  provideDiagnoses(assembly);
  provideProcessors(assembly);
  provideLife(assembly);
  return {
    consoles: child.resolve(tokens.consoles),
    control: machineControl({
      lifeCycle: () => child.resolve(tokens.lifeCycle),
      processors: () => child.resolve(tokens.processors),
      bell: () => child.resolve(tokens.bell),
      requestShutdown: () => requestShutdown(child),
    }),
    complete: () => partsOf(child, digests),
  };
}

/** What registers a part: who needs it first makes it, and everybody gets the same. */
type Provide = <T>(token: InjectionToken<T>, make: (of: Resolve) => T) => void;
type Resolve = <T>(token: InjectionToken<T>) => T;

interface Assembly {
  readonly options: MachineOptions;
  readonly plan: MachinePlan;
  readonly provide: Provide;
}

function providerFor(child: DependencyContainer): Provide {
  return (token, make) => {
    let making = false;
    child.register(token, {
      useFactory: instancePerContainerCachingFactory((from: DependencyContainer) => {
        if (making)
          throw new Error(`the parts of the machine need each other in a circle at ${String(token)}`);
        making = true;
        try {
          return make((wanted) => from.resolve(wanted));
        } finally {
          making = false;
        }
      }),
    });
  };
}

function partsOf(child: DependencyContainer, digests: DigestThread | undefined): Parts {
  return {
    lifeCycle: child.resolve(tokens.lifeCycle),
    initialProgramLoad: child.resolve(tokens.initialProgramLoad),
    processors: child.resolve(tokens.processors),
    consoles: child.resolve(tokens.consoles),
    bell: child.resolve(tokens.bell),
    channelSubsystem: child.resolve(tokens.channelSubsystem),
    virtioDevices: child.resolve(tokens.virtioDevices),
    ultravisor: child.resolve(tokens.ultravisor),
    services: child.resolve(tokens.services),
    serviceProcessor: child.resolve(tokens.serviceProcessor),
    diagnoseTable: child.resolve(tokens.diagnoseTable),
    requestShutdown: () => requestShutdown(child),
    dispose: async () => {
      await child.resolve(tokens.processors).dispose();
      await digests?.dispose();
      await child.dispose();
    },
  };
}

function provideStorage({ options, plan, provide }: Assembly, digests: DigestThread | undefined): void {
  provide(tokens.storage, () =>
    Storage.create({ size: plan.storage.size, reserved: engineArea(plan.cpu.count) }),
  );
  provide(tokens.ultravisor, (of) => {
    return new Ultravisor({
      storage: of(tokens.storage),
      hostKeys: options.hostKeys,
      contentDigest: () => digests?.open(),
      onGuestStop: (stop) => of(tokens.lifeCycle).guestStopped(stop),
    });
  });
}

function provideConsoles({ plan, provide }: Assembly): void {
  provide(tokens.bell, () => new Bell());
  provide(tokens.consoles, () => new Consoles());
  provide(tokens.serviceProcessor, (of) => {
    const processors = () => of(tokens.processors);
    return new ServiceProcessor({
      machine: {
        storageSize: plan.storage.size,
        cpus: { configured: plan.cpu.count, maximum: plan.cpu.maxCount },
        extendedLengthSccb: plan.facilities.has("extended-length-sccb"),
        characteristics: ["esop"],
      },
      events: of(tokens.consoles).partners(),
      signal: (parameter) => processors().signalService(parameter),
    });
  });
}

function provideChannels({ options, plan, provide }: Assembly): void {
  provide(tokens.channelSubsystem, (of) => {
    const bell = of(tokens.bell);
    const notice = () => {
      of(tokens.processors).notePending();
      bell.ring();
    };
    return new ChannelSubsystem({
      storage: { view: of(tokens.ultravisor).hostView, keys: of(tokens.storage) },
      interruptionPending: notice,
      channelReportPending() {
        of(tokens.services).announceChannelReport();
        notice();
      },
      now: () => performance.now(),
      later: setImmediate,
      deviceFailed: (error) => options.log.warn(`a device failed: ${String(error)}`),
    });
  });
  provide(
    tokens.virtioDevices,
    (of) =>
      new VirtioDevices({
        storage: of(tokens.ultravisor).hostView,
        channelSubsystem: of(tokens.channelSubsystem),
        log: options.log,
        protectionRequested: plan.protection.requested,
      }),
  );
}

function provideDiagnoses({ options, plan, provide }: Assembly): void {
  provide(tokens.diagnose308, (of) => {
    const ultravisor = of(tokens.ultravisor);
    return new Diagnose308({
      storage: ultravisor.guestView,
      unpackFacility: plan.facilities.has("unpack"),
      setLoadParameter: (text) => {
        of(tokens.serviceProcessor).loadParameter = text;
      },
    });
  });
  provide(tokens.diagnoseTable, (of) => {
    const iplDiagnose = of(tokens.diagnose308);
    return new DiagnoseTable((code) => options.log.debug(`DIAGNOSE ${code.toString(16)} is not offered`))
      .add(0x10, releasePages(of(tokens.storage)))
      .add(0x44, timeSliceEnd)
      .add(0x9c, timeSliceYield)
      .add(0x308, (context) => iplDiagnose.execute(context))
      .add(
        0x500,
        kvmHypercall({
          storageSize: plan.storage.size,
          notifyVirtio: (...call) => of(tokens.virtioDevices).notify(...call),
        }),
      );
  });
}

function once<T>(get: () => T): () => T {
  let got: { readonly value: T } | undefined;
  return () => (got ??= { value: get() }).value;
}

function provideProcessors({ plan, provide }: Assembly): void {
  provide(tokens.services, (of) => {
    // The container takes microseconds for each answer, and CPUs ask between slices.
    const late = {
      lifeCycle: once(() => of(tokens.lifeCycle)),
      processors: once(() => of(tokens.processors)),
      serviceProcessor: once(() => of(tokens.serviceProcessor)),
      channelSubsystem: once(() => of(tokens.channelSubsystem)),
      diagnoses: once(() => of(tokens.diagnoseTable)),
    };
    return new GuestServices({
      plan,
      ultravisor: of(tokens.ultravisor),
      ...late,
    });
  });
  provide(
    tokens.processors,
    (of) =>
      new Processors({
        storage: of(tokens.storage),
        count: plan.cpu.count,
        definitions: installed(plan),
        services: of(tokens.services),
        routines: hostRoutines,
        engine: plan.cpu.engine,
        background: true,
      }),
  );
}

function provideLife({ options, plan, provide }: Assembly): void {
  provide(
    tokens.initialProgramLoad,
    (of) =>
      new InitialProgramLoad({
        source: options.source,
        storage: of(tokens.storage),
        diagnose308: of(tokens.diagnose308),
        serviceProcessor: of(tokens.serviceProcessor),
        consoles: of(tokens.consoles),
      }),
  );
  provide(
    tokens.lifeCycle,
    (of) =>
      new LifeCycle({
        plan,
        hooks: options.planned.hooks,
        source: options.source,
        initialProgramLoad: of(tokens.initialProgramLoad),
        diagnose308: of(tokens.diagnose308),
        storage: of(tokens.storage),
        ultravisor: of(tokens.ultravisor),
        processors: of(tokens.processors),
        serviceProcessor: of(tokens.serviceProcessor),
        channelSubsystem: of(tokens.channelSubsystem),
        events: options.events ?? {},
        log: options.log,
      }),
  );
}

function requestShutdown(child: DependencyContainer): boolean {
  if (!child.resolve(tokens.serviceProcessor).receives(eventType.signalQuiesce)) return false;
  child.resolve(tokens.consoles).quiesce.request();
  child.resolve(tokens.bell).ring();
  return true;
}

/** The instructions that the machine's facilities install. ULTRAVISOR CALL is there once the guest is protected. */
function installed(plan: MachinePlan): readonly Instruction[] {
  const bits = new Set([...plan.facilities].map(facilityBit));
  if (plan.facilities.has("unpack")) bits.add(facilityBit("ultravisor-call"));
  return instructions.filter(({ facility }) => facility === undefined || bits.has(facility));
}
