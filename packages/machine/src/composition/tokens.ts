/** What a machine is composed of, as typed tokens. `token` is the only maker: a bare symbol would lose the type. */
import type { DiagnoseTable, Diagnose308 } from "@lockframe/ccw-bios";
import type { ChannelSubsystem } from "@lockframe/channel-subsystem";
import type { Processors } from "@lockframe/cpu";
import type { Storage } from "@lockframe/memory";
import type { ServiceProcessor } from "@lockframe/sclp";
import type { Ultravisor } from "@lockframe/ultravisor";
import type { InjectionToken } from "tsyringe";
import type { VirtioDevices } from "../virtio-devices.ts";
import type { MachineOptions } from "../api.ts";
import type { Bell } from "../bell.ts";
import type { Consoles } from "../consoles.ts";
import type { GuestServices } from "../guest-services.ts";
import type { InitialProgramLoad } from "../initial-program-load.ts";
import type { LifeCycle } from "../life-cycle.ts";

const token = <T>(name: string): InjectionToken<T> => Symbol(name) as InjectionToken<T>;

export const tokens = {
  options: token<MachineOptions>("MachineOptions"),
  /** Absolute storage of the guest. */
  storage: token<Storage>("Storage"),
  ultravisor: token<Ultravisor>("Ultravisor"),
  processors: token<Processors>("Processors"),
  /** What the CPUs ask of the machine. */
  services: token<GuestServices>("GuestServices"),
  serviceProcessor: token<ServiceProcessor>("ServiceProcessor"),
  channelSubsystem: token<ChannelSubsystem>("ChannelSubsystem"),
  virtioDevices: token<VirtioDevices>("VirtioDevices"),
  diagnose308: token<Diagnose308>("Diagnose308"),
  diagnoseTable: token<DiagnoseTable>("DiagnoseTable"),
  consoles: token<Consoles>("Consoles"),
  /** Rung when something happened while the CPUs were idle. */
  bell: token<Bell>("Bell"),
  /** What the machine is started from. */
  initialProgramLoad: token<InitialProgramLoad>("InitialProgramLoad"),
  /** Resets, IPL, stops. */
  lifeCycle: token<LifeCycle>("LifeCycle"),
} as const;
