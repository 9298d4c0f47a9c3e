/** Whether to colour, and how. Called by the sink once it knows where its lines go. */
import { styleText } from "node:util";
import type { Environment } from "../../core/plugin/index.ts";
import type { SinkConsoleOptions } from "./config.ts";

type Format = Parameters<typeof styleText>[0];

/** Styles a part of a line, or leaves it as it is. */
export type Paint = (format: Format, text: string) => string;

/** Colours as they are written, whatever Node thinks of the stream: that is decided here. */
export const painted: Paint = (format, text) => styleText(format, text, { validateStream: false });
export const plain: Paint = (_format, text) => text;

/**
 * The config, then FORCE_COLOR, then NO_COLOR (https://no-color.org: present and not empty), then the terminal. Node has
 * the same order for the two variables.
 */
export function wantsColor(
  color: SinkConsoleOptions["color"],
  { FORCE_COLOR: force, NO_COLOR: no, TERM: terminal }: Environment,
  isTerminal: boolean,
): boolean {
  if (color !== "auto") return color === "always";
  if (force !== undefined) return force !== "0" && force !== "false";
  if (no !== undefined && no !== "") return false;
  return isTerminal && terminal !== "dumb";
}
