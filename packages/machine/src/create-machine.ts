import { unimplemented } from "@lockframe/architecture";
import type { CreateMachine } from "./api.ts";

export const createMachine: CreateMachine = () => unimplemented("running a machine");
