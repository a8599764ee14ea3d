/** Absolute storage, storage keys, page ownership, guest and host views. */
export { AddressingError } from "./errors.ts";
export {
  EXCHANGE_PIECE,
  PAGE_SIZE,
  type MemoryType,
  type StorageForm,
  type StorageLayout,
  type StorageOptions,
} from "./layout.ts";
export { GUEST_READY, PageState } from "./page-state.ts";
export { applyPrefix } from "./prefixing.ts";
export { StorageKey } from "./storage-key.ts";
export {
  pagesOf,
  Storage,
  type OwnershipListener,
  type PageImporter,
  type StorageObserver,
  type StorageRange,
} from "./storage.ts";
export { PlainGuestView, PlainHostView, type GuestView, type HostView } from "./views.ts";
export { i32, i64, instantiate, op, signed, v128, type Code, type WasmFunction } from "./wasm-module.ts";
