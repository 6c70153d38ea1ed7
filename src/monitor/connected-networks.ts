import type { NetworkInterfaceInfo } from "node:os";
import ipaddr from "ipaddr.js";
import { parseNetwork } from "../config/network.ts";
import type { Network } from "../flow/ip.ts";

/**
 * The networks that a host is connected to, each named as people write it: `10.0.0.0/24`. Networks of one address are
 * left out: they say nothing that the address does not.
 *
 * @param interfaces - as `os.networkInterfaces` gives them
 */
export function connectedNetworks(
  interfaces: Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>,
): readonly (readonly [network: Network, name: string])[] {
  return Object.values(interfaces).flatMap((addresses = []) =>
    addresses.flatMap(({ cidr }): (readonly [Network, string])[] => {
      const network = cidr === null ? null : parseNetwork(cidr);
      if (cidr === null || network === null) return [];
      const isIpv4 = network.family === "ipv4";
      if (network.prefixLength === (isIpv4 ? 32 : 128)) return [];
      const first = (isIpv4 ? ipaddr.IPv4 : ipaddr.IPv6).networkAddressFromCIDR(cidr);
      return [[network, `${first.toString()}/${network.prefixLength}`]];
    }),
  );
}
