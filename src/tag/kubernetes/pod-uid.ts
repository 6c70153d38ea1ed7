/** UIDs of the API server are UUIDs; static pods have the 32 digits of a hash. systemd names have `_` for `-`. */
const POD =
  /(?:^|-)pod([0-9a-f]{8}([-_])[0-9a-f]{4}\2[0-9a-f]{4}\2[0-9a-f]{4}\2[0-9a-f]{12}|[0-9a-f]{32})(?:\.slice)?(?::.*)?$/;

/**
 * The UID of the pod that a control group belongs to: of one inside another, the innermost. Knows both drivers of the
 * kubelet, `/kubepods/burstable/podUID/…` and `/kubepods.slice/kubepods-burstable-podUID.slice/…`, below whatever
 * root the kubelet was given.
 *
 * @returns with dashes, as the API has it; `null` where the path belongs to no pod
 */
export function findPodUid(cgroupPath: string): string | null {
  const segments = cgroupPath.split("/");
  for (let depth = segments.length - 1; depth >= 0; depth--) {
    const uid = POD.exec(segments[depth] ?? "")?.[1];
    // Podman has pods too: only below the kubelet's own group is it one of Kubernetes.
    if (uid !== undefined && segments.slice(0, depth + 1).some((segment) => segment.includes("kubepods"))) {
      return uid.replaceAll("_", "-");
    }
  }
  return null;
}
