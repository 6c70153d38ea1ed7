import { containerName, tagContainer, tagImage } from "./container.ts";
import type { ProcessFacts } from "./facts.ts";
import { tagProcessName } from "./process.ts";
import {
  firstSaid,
  fromContainerLabel,
  fromPodLabel,
  fromResource,
  fromVariable,
  type Saying,
  type Source,
} from "./saying.ts";
import { tagUnit } from "./unit.ts";

/** What somebody set on purpose, then what tells programs apart best. */
const SOURCES: readonly Source[] = [
  fromVariable("DD_SERVICE"),
  fromVariable("OTEL_SERVICE_NAME"),
  fromResource("service.name"),
  fromContainerLabel("com.datadoghq.tags.service"),
  fromPodLabel("tags.datadoghq.com/service"),
  fromPodLabel("app.kubernetes.io/name"),
  fromContainerLabel("com.docker.compose.service"),
  { name: "workload", value: ({ pod }) => pod?.workload ?? null },
  { name: "unit", value: serviceOfUnitInside },
  { name: "image", value: shortImage },
  { name: "container", value: containerName },
  { name: "unit", value: serviceOfUnit },
  { name: "container id", value: tagContainer },
  { name: "process", value: tagProcessName },
];

export function tagService(facts: ProcessFacts): string | null {
  return findService(facts)?.value ?? null;
}

/** Where the service's name comes from. */
export function tagServiceSource(facts: ProcessFacts): string | null {
  return findService(facts)?.source ?? null;
}

function findService(facts: ProcessFacts): Saying | null {
  const said = firstSaid(facts, SOURCES);
  if (said !== null) return said;
  // a process named with spaces only is still a process with a name
  const name = tagProcessName(facts);
  return name === null ? null : { value: name, source: "process" };
}

/** `registry.example:5000/team/shop:1.2@sha256:…` is `shop`; an image without a name is none. */
function shortImage(facts: ProcessFacts): string | null {
  const image = tagImage(facts);
  if (image === null || /^sha256:|^[0-9a-f]{12,64}$/.test(image)) return null;
  const last = image.slice(image.lastIndexOf("/", image.includes("@") ? image.indexOf("@") : undefined) + 1);
  return last.split(/[:@]/, 1)[0] ?? null;
}

/** Of a container that runs systemd itself, where the unit says more than the image. */
function serviceOfUnitInside(facts: ProcessFacts): string | null {
  return tagContainer(facts) === null ? null : serviceOfUnit(facts);
}

/** Scopes and `user@N.service` hold whatever a person happens to run, so they name no service. */
function serviceOfUnit(facts: ProcessFacts): string | null {
  const unit = tagUnit(facts);
  if (unit === null || !unit.endsWith(".service") || /^user@\d+\.service$/.test(unit)) return null;
  return unit.slice(0, -".service".length);
}
