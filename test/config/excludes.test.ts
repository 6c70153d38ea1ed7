import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createExcludes, type ExcludeFlow } from "../../src/config/excludes.ts";
import { checkConfigText } from "../../src/config/load.ts";
import { ConfigError } from "../../src/config/problem.ts";

type Rules = Readonly<Record<string, readonly (string | number)[]>>;

function compile(source: Rules, destination: Rules = {}) {
  const text = JSON.stringify({
    system_probe_config: { source_excludes: source, dest_excludes: destination },
  });
  const { trace } = checkConfigText(text, "x", {}).config;
  return createExcludes({ source: trace.sourceExcludes, destination: trace.destinationExcludes });
}

const FLOW: ExcludeFlow = {
  protocol: "tcp",
  localIp: "10.0.0.5",
  localPort: 80,
  remoteIp: "192.0.2.7",
  remotePort: 40_000,
};

const CASES: readonly (readonly [
  address: string,
  ports: readonly (string | number)[],
  flow: Partial<ExcludeFlow>,
  isOut: boolean,
])[] = [
  ["10.0.0.0/24", ["80"], {}, true],
  ["10.0.0.0/24", [80], {}, true],
  ["10.0.0.0/24", ["80"], { localPort: 81 }, false],
  ["10.0.0.0/24", ["80"], { localIp: "10.0.1.5" }, false],
  ["10.0.0.0/24", ["80"], { protocol: "udp" }, true],
  ["10.0.0.0/24", ["tcp 80"], { protocol: "udp" }, false],
  ["10.0.0.0/24", ["UDP 79-81"], { protocol: "udp" }, true],
  ["10.0.0.0/24", ["udp 79 - 81"], { protocol: "udp", localPort: 82 }, false],
  ["10.0.0.9/24", ["*"], {}, true],
  ["10.0.0.5", ["*"], {}, true],
  ["10.0.0.5", ["*"], { localIp: "10.0.0.6" }, false],
  ["10.0.0.5", ["*"], { localPort: null }, true],
  ["10.0.0.5", ["1-65535"], { localPort: null }, false],
  ["0.0.0.0/0", ["tcp *"], {}, true],
  ["0.0.0.0/0", ["tcp *"], { localIp: "2001:db8::1" }, false],
  ["*", ["80"], { localIp: "2001:db8::1" }, true],
  ["*", ["80"], { localIp: null }, true],
  ["0.0.0.0/0", ["80"], { localIp: null }, false],
  ["2001:db8::/32", ["80"], { localIp: "2001:db8:ffff::1" }, true],
  ["2001:db8::/33", ["80"], { localIp: "2001:db8:ffff::1" }, false],
  ["2001:DB8::1", ["80"], { localIp: "2001:db8::1" }, true],
  ["2001:db8::1", ["80"], { localIp: "2001:db8::2" }, false],
  ["::ffff:10.0.0.0/120", ["80"], {}, true],
  ["::/0", ["80"], {}, false],
  ["10.0.0.0/24", [], {}, false],
];

describe("source_excludes leave out flows by their local end", () => {
  for (const [address, ports, change, isOut] of CASES) {
    const flow = { ...FLOW, ...change };
    test(`${address} ${JSON.stringify(ports)} ${isOut ? "leaves out" : "keeps"} ${flow.protocol} ${flow.localIp}:${flow.localPort}`, () => {
      assert.equal(compile({ [address]: ports })(flow), isOut);
      const turned = {
        protocol: flow.protocol,
        localIp: null,
        localPort: null,
        remoteIp: flow.localIp,
        remotePort: flow.localPort,
      };
      assert.equal(compile({}, { [address]: ports })(turned), isOut, "dest_excludes do so by the remote end");
      assert.equal(compile({}, { [address]: ports })({ ...flow, remoteIp: null, remotePort: null }), false);
    });
  }
});

const REFUSED: readonly (readonly [address: string, ports: readonly unknown[], says: RegExp])[] = [
  ["10.0.0.0/24", ["0"], /found "0", expected ports from 1 to 65535/],
  ["10.0.0.0/24", [0], /found "0", expected ports from 1 to 65535/],
  ["10.0.0.0/24", ["0-80"], /expected ports from 1/],
  ["10.0.0.0/24", ["65536"], /expected ports from 1 to 65535/],
  ["10.0.0.0/24", ["90-80"], /expected the lower port first: "80-90"/],
  ["10.0.0.0/24", ["sctp 80"], /expected a port such as/],
  ["10.0.0.0/24", ["tcp"], /expected a port such as/],
  ["10.0.0.0/24", [""], /expected a port such as/],
  ["10.0.0.0/24", ["*-80"], /expected a port such as/],
  ["10.0.0.0/24", ["80,81"], /expected a port such as/],
  ["10.0.0.0/24", [true], /found true, expected a port such as/],
  ["*", ["*"], /found "\*" for "\*", which leaves nothing over/],
  ["*", ["tcp *"], /which leaves nothing over; expected ports, or disable_tcp/],
  ["10.0.0", ["80"], /expected an address such as/],
  ["010.0.0.1", ["80"], /expected an address such as/],
  ["0x0a.0.0.1", ["80"], /expected an address such as/],
  ["10.0.0.0/33", ["80"], /expected an address such as/],
  ["10.0.0.0/", ["80"], /expected an address such as/],
  ["10.0.0.0/8/8", ["80"], /expected an address such as/],
  ["fe80::1%eth0", ["80"], /expected an address such as/],
  ["example.com", ["80"], /expected an address such as/],
  ["", ["80"], /expected an address such as/],
];

describe("what is no rule is refused", () => {
  for (const [address, ports, says] of REFUSED) {
    test(`${JSON.stringify(address)}: ${JSON.stringify(ports)}`, () => {
      assert.throws(
        () => compile({ [address]: ports as string[] }),
        (error) => error instanceof ConfigError && error.problems.length === 1 && says.test(error.message),
      );
    });
  }
});

test("an address whose list is none is refused", () => {
  assert.throws(
    () => checkConfigText("system_probe_config: {dest_excludes: {'*': 'udp 53'}}", "x", {}),
    /found the text "udp 53", expected a list/,
  );
});
