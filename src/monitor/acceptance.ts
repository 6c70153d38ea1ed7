import type { TraceConfig } from "../config/config.ts";
import { createExcludes } from "../config/excludes.ts";
import type { Flow } from "../flow/flow.ts";

const DNS_PORT = 53;

/** Which flows the configuration traces at all. Asked when a flow's ends are known. */
export function createAcceptance(trace: TraceConfig): (flow: Flow) => boolean {
  const isExcluded = createExcludes({
    source: trace.sourceExcludes,
    destination: trace.destinationExcludes,
  });
  return (flow) => {
    const { protocol, source, destination } = flow;
    if (!trace[protocol] || (!trace.ipv6 && flow.family === "ipv6")) return false;
    if (!trace.localDns && isLocalDns(flow)) return false;
    return !isExcluded({
      protocol,
      localIp: source.ip,
      localPort: source.port,
      remoteIp: destination.ip,
      remotePort: destination.port,
    });
  };
}

/** Names asked for within the host, as each end sees it: a stub resolver doubles what goes to the real one. */
function isLocalDns({ source, destination }: Flow): boolean {
  return destination.host !== null && (source.port === DNS_PORT || destination.port === DNS_PORT);
}
