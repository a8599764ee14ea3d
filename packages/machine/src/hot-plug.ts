/** Devices of a machine that runs: which there are, and how they come and go. */
import { LockframeError } from "@lockframe/architecture";
import type { Capabilities } from "@lockframe/plugin-api";
import { type DeviceEntry, didYouMean } from "@lockframe/profile";
import type { PluggedDevice } from "./api.ts";
import {
  type AttachedDevice,
  type AttachTarget,
  type CreatedDevice,
  nameOf,
  plugDevice,
  unplugDevice,
} from "./attach-devices.ts";
import type { PlannedMachine } from "./plan/plan-machine.ts";

export interface HotPlugOptions {
  readonly planned: PlannedMachine;
  readonly capabilities: Partial<Capabilities>;
  readonly target: AttachTarget;
  /** Told which devices are attached now. */
  changed(attached: readonly AttachedDevice[]): void;
}

export class HotPlug {
  readonly #options: HotPlugOptions;
  /** Those without a subchannel. They stay. */
  readonly #fixed: readonly CreatedDevice[];
  readonly #attached: Set<AttachedDevice>;

  constructor(
    created: readonly CreatedDevice[],
    attached: readonly AttachedDevice[],
    options: HotPlugOptions,
  ) {
    this.#options = options;
    this.#attached = new Set(attached);
    const moving = new Set(attached.map(({ device }) => device));
    this.#fixed = created.filter(({ device }) => !moving.has(device));
  }

  get devices(): readonly PluggedDevice[] {
    return Array.from(this.#attached, ({ request: { type, id }, attachment }) => ({
      type,
      id,
      subchannel: `0.${attachment.set}.${hex4(attachment.number)}`,
      deviceNumber: numberOf(attachment),
    }));
  }

  /** @throws LockframeError */
  async plug(entry: DeviceEntry): Promise<string> {
    const { planned, capabilities, target } = this.#options;
    if (entry.id !== undefined && this.#named(entry.id) !== undefined)
      throw new LockframeError("LF-MACHINE-015", `there is a device '${entry.id}' already`);
    const { definition, request, properties } = planned.planDevice(entry);
    const device = definition.instantiate(properties, capabilities);
    try {
      const attached = plugDevice({ request, device }, target);
      this.#attached.add(attached);
      this.#options.changed([...this.#attached]);
      return numberOf(attached.attachment);
    } catch (error) {
      await device.dispose?.();
      throw error;
    }
  }

  /** @throws LockframeError */
  async unplug(id: string): Promise<void> {
    const attached = this.#named(id);
    if (attached === undefined) {
      const fixed = this.#fixed.find(({ request }) => request.id === id);
      const ids = Array.from(this.#attached, ({ request }) => request.id ?? "").filter((each) => each !== "");
      throw new LockframeError(
        "LF-MACHINE-016",
        fixed === undefined
          ? `there is no device '${id}'${didYouMean(id, ids)}`
          : `${nameOf(fixed.request)} cannot be taken away: it has no subchannel`,
      );
    }
    this.#attached.delete(attached);
    this.#options.changed([...this.#attached]);
    unplugDevice(attached, this.#options.target);
    await attached.device.dispose?.();
  }

  #named(id: string): AttachedDevice | undefined {
    return [...this.#attached].find(({ request }) => request.id === id);
  }

  /** Give up what all devices hold, the latest first. */
  async dispose(): Promise<void> {
    const all = [...this.#fixed, ...this.#attached];
    for (const { device } of all.toReversed()) await device.dispose?.();
  }
}

function numberOf({ set, deviceNumber }: { set: number; deviceNumber: number }): string {
  return `0.${set}.${hex4(deviceNumber)}`;
}

function hex4(number: number): string {
  return number.toString(16).padStart(4, "0");
}
