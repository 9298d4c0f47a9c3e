/**
 * Makes an instance of a plugin as the config uses it. An error names the plugin, its version and the line of the
 * config. Called by the composition root and by `droplens validate`.
 */
import type { PluginUse } from "./config/config.ts";
import type { PluginContext } from "./plugin/context.ts";
import type { Role, RoleInstances } from "./plugin/definition.ts";
import { DroplensError, describeError } from "./plugin/errors.ts";
import { OnceAMinute } from "./plugin/once-a-minute.ts";
import { asPlugin, inNameOf, type OnBlocked } from "./plugin-at-work.ts";

export function makeInstance<R extends Role>(use: PluginUse<R>, context: PluginContext): RoleInstances[R] {
  const fault = (what: string) =>
    new DroplensError("PLUGIN_CREATE", `cannot make ${pluginTitle(use)} (${use.where}): ${what}`);
  let instance: RoleInstances[R];
  try {
    instance = asPlugin(pluginTitle(use), () => use.definition.create(use.options, context));
  } catch (error) {
    throw fault(`create threw: ${describeError(error)}`);
  }
  const missing = missingFrom(instance, use.definition.role);
  if (missing !== undefined) throw fault(missing);
  return inNameOf(pluginTitle(use), instance, blockedWarning(context));
}

function blockedWarning({ logger, clock }: PluginContext): OnBlocked {
  const due = new OnceAMinute(clock);
  return (method, millis) => {
    const fields = { method, millis };
    if (due.isDue(method))
      logger.warn(fields, "the plugin kept the processor, and all else stood still: work in parts");
  };
}

/** `sink-webhook 1.2.3`; a built-in plugin has no version of its own. */
export function pluginTitle({ definition: { name }, version }: Pick<PluginUse, "definition" | "version">): string {
  return version === undefined ? name : `${name} ${version}`;
}

const methods: Readonly<Record<Role, readonly string[]>> = {
  source: ["read"],
  parser: ["parseLine", "scan"],
  resolver: ["resolve"],
  sink: ["deliver"],
};

function missingFrom(instance: unknown, role: Role): string | undefined {
  if (typeof instance !== "object" || instance === null) return `create returned no ${role} but ${String(instance)}`;
  if ("then" in instance) return "create returned a promise: make the instance at once, and wait in its start method";
  const isThere = (name: string) => typeof Reflect.get(instance, name) === "function";
  return methods[role].some(isThere) ? undefined : `what create returned has no method ${methods[role].join(" or ")}`;
}
