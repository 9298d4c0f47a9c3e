/** For the tests of the suites: what one check says of a plugin that it is to catch. */
import type { Check } from "../check.ts";

/** The message of the failure, "none" when the check passed. */
export async function failureOf(checks: readonly Check[], name: string): Promise<string> {
  const check = checks.find((one) => one.name === name);
  if (check === undefined) throw new Error(`no check is named "${name}"`);
  try {
    await check.run();
    return "none";
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** A schema without a library: takes an object with these keys only. */
export function strictSchema<Options>(...keys: readonly (keyof Options & string)[]) {
  return {
    "~standard": {
      version: 1,
      vendor: "droplens-test",
      validate(value: unknown) {
        const unknown = Object.keys(Object(value)).filter((key) => !keys.some((known) => known === key));
        if (unknown.length > 0) return { issues: unknown.map((key) => ({ message: `unknown option ${key}` })) };
        return { value: value as Options };
      },
    },
  } as const;
}
