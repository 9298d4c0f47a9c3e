/**
 * One report as a line for people: time, who → whom, port and protocol, count, prefix. In: a report; out: its line with
 * "\n". Text from strangers is cleaned here once more: a terminal does what it is told.
 */
import { type DropReport, type Endpoint, type PacketDrop, printable } from "../../core/plugin/index.ts";
import type { Paint } from "./color.ts";

export function reportLine({ drop, source, destination, count, ...times }: DropReport, paint: Paint): string {
  const parts = [
    paint("gray", new Date(times.firstMillis).toISOString()),
    endText(source, paint),
    paint("red", "→"),
    endText(destination, paint),
    paint("bold", service(drop)),
    paint("yellow", `x${count}${span(times)}`),
  ];
  if (drop.logPrefix !== undefined) parts.push(paint("magenta", printable(drop.logPrefix)));
  return `${parts.join(" ")}\n`;
}

/** `shop/web-7d9c (10.244.1.7)`: the object's own name, whatever POD_IDENTIFIER says; the address once only. */
function endText(end: Endpoint, paint: Paint): string {
  const name = printable(nameOf(end));
  const address = printable(end.address);
  return name === address ? paint("cyan", name) : `${paint("cyan", name)} ${paint("gray", `(${address})`)}`;
}

function nameOf({ kind, namespace, name, displayName, hostNetwork }: Endpoint): string {
  if (hostNetwork === true || name === undefined) return displayName;
  return namespace !== undefined && (kind === "pod" || kind === "service") ? `${namespace}/${name}` : name;
}

/** `5432/TCP`, `ICMP type 3 code 1`, `GRE`; `?` where the line names no protocol. */
function service({ protocol = "?", destinationPort, icmpType, icmpCode }: PacketDrop): string {
  const name = printable(protocol);
  if (destinationPort !== undefined) return `${destinationPort}/${name}`;
  if (icmpType === undefined) return name;
  return `${name} type ${icmpType}${icmpCode === undefined ? "" : ` code ${icmpCode}`}`;
}

/** ` in 1m58s`: from the first packet to the last; nothing below a second. */
function span({ firstMillis, lastMillis }: { firstMillis: number; lastMillis: number }): string {
  const seconds = Math.floor((lastMillis - firstMillis) / 1000);
  if (seconds < 1) return "";
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  const text = [hours > 0 ? `${hours}h` : "", minutes > 0 ? `${minutes}m` : "", `${seconds % 60}s`].join("");
  return ` in ${text}`;
}
