/** Declares parser-piped. Importing this does nothing; Droplens calls `create` for each use in a config. */
import { definePlugin } from "droplens/plugin";
import { options, type PipedOptions } from "./options.ts";
import { PipedParser } from "./piped-parser.ts";

export const parserPiped = definePlugin<"parser", PipedOptions>({
  role: "parser",
  name: "parser-piped",
  apiVersion: 1,
  options,
  create: (chosen) => new PipedParser(chosen),
});

export default parserPiped;
