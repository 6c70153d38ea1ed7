import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { findUnit } from "../../src/tag/unit.ts";

const ID = "4f3c8a1d2b6e9f700112233445566778899aabbccddeeff00fedcba987654321";

const UNITS: readonly [path: string, unit: string | null][] = [
  ["/system.slice/nginx.service", "nginx.service"],
  ["/system.slice/system-getty.slice/getty@tty1.service", "getty@tty1.service"],
  ["/system.slice/system-postgresql.slice/postgresql@15-main.service", "postgresql@15-main.service"],
  ["/user.slice/user-1000.slice/user@1000.service/app.slice/foo.service", "foo.service"],
  [
    "/user.slice/user-1000.slice/user@1000.service/app.slice/app-gnome-firefox-77.scope",
    "app-gnome-firefox-77.scope",
  ],
  ["/user.slice/user-1000.slice/user@1000.service/init.scope", "init.scope"],
  ["/user.slice/user-1000.slice/user@1000.service", "user@1000.service"],
  ["/user.slice/user-1000.slice/session-3.scope", "session-3.scope"],
  ["/init.scope", "init.scope"],
  ["/system.slice/worker.service/payload", "worker.service"],
  ["/system.slice/a\\x2db\\x5c.service", "a-b\\.service"],
  ["/system.slice/caf\\xc3\\xa9.service", "café.service"],
  ["/system.slice/bad\\xff.service", "bad\ufffd.service"],
  ["/system.slice/_cpu.service", "cpu.service"],
  ["/system.slice", null],
  ["/system.slice/.service", null],
  ["/", null],
  ["", null],
  [`/docker/${ID}`, null],
  [`/system.slice/docker-${ID}.scope`, null],
  [`/machine.slice/libpod-${ID}.scope/container`, null],
  [`/system.slice/containerd.service/kubepods-besteffort-pod1.slice:cri-containerd:${ID}`, null],
  [`/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-${ID}.scope`, null],
  [`/docker/${ID}/system.slice/nginx.service`, "nginx.service"],
  [`/system.slice/docker-${ID}.scope/init.scope`, "init.scope"],
  [`/system.slice/web.service/libpod-payload-${ID}`, "web.service"],
];

describe("findUnit", () => {
  for (const [path, unit] of UNITS) {
    it(`finds ${unit ?? "no unit"} in ${path}`, () => {
      assert.equal(findUnit(path), unit);
    });
  }
});
