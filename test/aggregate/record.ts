import type { ProcessTags } from "../../src/flow/endpoint.ts";
import type { FlowIdentity, FlowRecord } from "../../src/probe/probe.ts";

/** A record as a probe would hand it over; what a case does not name is nothing. */
export function record(
  fields: Partial<Omit<FlowRecord, "identity">> & { readonly identity?: Partial<FlowIdentity> },
): FlowRecord {
  const identity: FlowIdentity = {
    protocol: "tcp",
    family: "ipv4",
    direction: "outgoing",
    localIp: "10.0.0.1",
    localPort: 40000,
    remoteIp: "192.0.2.1",
    remotePort: 443,
    netns: 1,
    pid: 100,
    startTicks: 1,
    ...fields.identity,
  };
  return {
    slot: 0,
    bytesSent: 0,
    bytesReceived: 0,
    packetsSent: 0,
    packetsReceived: 0,
    retransmits: 0,
    rttUs: 0,
    rttVarUs: 0,
    established: true,
    preexisting: false,
    error: 0,
    hasIdentity: true,
    ...fields,
    identity: () => identity,
  };
}

/** Tags of a process whose service is `service`. */
export function processTags(pid: number, service: string): ProcessTags {
  return {
    pid,
    service,
    process: service,
    exe: null,
    user: null,
    container: null,
    container_id: null,
    cgroup: null,
    unit: null,
    image: null,
    pod: null,
    namespace: null,
    workload: null,
    service_source: null,
    env: null,
    version: null,
    labels: null,
  };
}
