/**
 * Where the parts of a usual packet stand in the bytes. Noted by the packet scanner as it goes by, read for the first
 * packet of a flow only.
 */
export class PacketPlaces {
  /** Of names and addresses: the first byte; a space stands behind each. */
  inInterface = 0;
  outInterface = 0;
  /** 0: none. */
  physicalInInterface = 0;
  physicalOutInterface = 0;
  /** Of 41 bytes; 0: none. */
  mac = 0;
  source = 0;
  destination = 0;
  /** Of digits. */
  length = 0;
  ttl = 0;
  icmpType = 0;
  /** The number itself. */
  sourcePort = 0;
  /** First byte behind the destination port or the ICMP type. */
  tail = 0;
}
