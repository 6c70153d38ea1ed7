import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Endpoint } from "../../src/flow/endpoint.ts";
import { ENDPOINT_TAGS } from "../../src/flow/tags.ts";
import { EndpointTags } from "../../src/tag/endpoint-tags.ts";
import type { PodFacts } from "../../src/tag/facts.ts";
import { processTags } from "../aggregate/record.ts";

const POD: PodFacts = {
  pod: "shop-7d4b9-x2",
  namespace: "prod",
  workload: "shop",
  labels: { "app.kubernetes.io/name": "storefront", team: "a" },
  containers: {},
};

function endpoint(fields: Partial<Endpoint>): Endpoint {
  return { ip: "10.0.0.9", port: 443, netns: null, host: null, domain: null, process: null, ...fields };
}

describe("EndpointTags", () => {
  it("gives null for every tag of an end of which nothing is known", () => {
    const tags = new EndpointTags();
    const nobody = endpoint({ ip: null, port: null });
    for (const tag of [...ENDPOINT_TAGS, "label.app", "team", "__proto__", "constructor"]) {
      assert.equal(tags.valueOf(nobody, tag), null, tag);
    }
  });

  it("takes the tags of an end on another node from the pod that has its address", () => {
    const tags = new EndpointTags({ findPodByIp: (ip) => (ip === "10.0.0.9" ? POD : null) });
    const there = endpoint({});
    const wanted = [
      "pod",
      "namespace",
      "workload",
      "service",
      "service_source",
      "label.team",
      "label.toString",
    ];
    assert.deepEqual(
      wanted.map((tag) => tags.valueOf(there, tag)),
      ["shop-7d4b9-x2", "prod", "shop", "storefront", "pod label app.kubernetes.io/name", "a", null],
    );
    assert.equal(tags.valueOf(endpoint({ ip: "10.0.0.10" }), "pod"), null);
  });

  it("believes the process before the address", () => {
    const tags = new EndpointTags({ findPodByIp: () => POD });
    const here = endpoint({ process: processTags(7, "till") });
    assert.deepEqual(
      ["service", "pod", "label.team"].map((tag) => tags.valueOf(here, tag)),
      ["till", null, null],
    );
  });

  it("reads labels of the process's container", () => {
    const labels = new Map([["com.docker.compose.project", "shop"]]);
    const here = endpoint({ process: { ...processTags(7, "till"), labels } });
    assert.equal(new EndpointTags().valueOf(here, "label.com.docker.compose.project"), "shop");
  });

  it("asks for a name only where no DNS answer gave one, and never of an end on this host", () => {
    const asked: string[] = [];
    const findName = (ip: string) => {
      asked.push(ip);
      return "asked.example";
    };
    const tags = new EndpointTags({ findName });
    assert.equal(tags.valueOf(endpoint({ domain: "seen.example" }), "domain"), "seen.example");
    assert.equal(tags.valueOf(endpoint({ host: "here" }), "domain"), null);
    assert.deepEqual(asked, []);
    assert.equal(tags.valueOf(endpoint({}), "domain"), "asked.example");
    assert.deepEqual(asked, ["10.0.0.9"]);
  });

  it("lets the user's rules come first, and keeps them from what they look at", () => {
    const findRule = (_: Endpoint, tag: string) =>
      tag === "service" || tag === "team" ? `my ${tag}` : undefined;
    const tags = new EndpointTags({ findRule });
    const here = endpoint({ process: processTags(7, "till") });
    assert.deepEqual(
      ["service", "team", "process"].map((tag) => tags.valueOf(here, tag)),
      ["my service", "my team", "till"],
    );
    assert.equal(tags.builtIn(here, "service"), "till");
  });
});
