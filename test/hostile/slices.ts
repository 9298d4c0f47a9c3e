/**
 * How long one call holds up the process: the processor's time of this thread, as a busy machine holds up others too. A
 * slow call is repeated, and the shortest of its times counts: what is slow by its input stays slow.
 */
export class Slices {
  longestMillis = 0;
  count = 0;

  measure(call: () => void): void {
    this.count++;
    let millis = timeOf(call);
    for (let again = 0; again < 4 && millis > Math.max(10, this.longestMillis); again++) {
      millis = Math.min(millis, timeOf(call));
    }
    this.longestMillis = Math.max(this.longestMillis, millis);
  }

  told(): string {
    return `longest slice ${this.longestMillis.toFixed(1)} ms of ${this.count}`;
  }
}

function timeOf(call: () => void): number {
  const before = process.threadCpuUsage();
  call();
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / 1000;
}
