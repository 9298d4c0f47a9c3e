import type { Role } from "../plugin/definition.ts";
import type { KeyPath } from "./config-node.ts";
import type { LoadedPlugin } from "./load-plugin.ts";

/** A plugin as the config uses it. */
export interface CheckedUse {
  readonly path: KeyPath;
  readonly role: Role;
  readonly plugin: LoadedPlugin;
  /** As the plugin's schema returned it; undefined when it is wrong. */
  readonly options: unknown;
}
