/** A protected guest that has just been started. */
import type { Storage } from "@lockframe/memory";
import { Ultravisor, type GuestStop } from "../src/index.ts";
import { blockFor, component, createStorage, load, p521, seal, type PlainComponent } from "./sealed-image.ts";

export const hostKey = p521();

export function startGuest(
  components: readonly PlainComponent[] = [component(0x16000, 2, 1n, "image")],
  size?: number,
  before: (storage: Storage) => void = () => {},
) {
  const storage = createStorage(size);
  before(storage);
  const stops: GuestStop[] = [];
  const ultravisor = new Ultravisor({
    storage,
    hostKeys: [hostKey],
    onGuestStop: (stop) => stops.push(stop),
  });
  const image = seal({ components, hostKey });
  load(storage, image);
  const outcome = ultravisor.startProtected(blockFor(image));
  const { configuration, guestView: guest, hostView: host } = ultravisor;
  if (!outcome.ok || configuration === undefined) throw new Error("the test image did not start");
  return { storage, ultravisor, configuration, guest, host, stops, image };
}
