/** Where busybox is, on this machine and in the guest. Linked statically, so that it needs nothing else. */
export const BUSYBOX = "/bin/busybox";
export const MODULES_FOLDER = "/guest/modules";
/** Its files are run in the order of their names. */
export const COMMANDS_FOLDER = "/guest/commands";

/** The serial port that carries nothing but the verdict; the console is the first one, `ttyS0`. */
const VERDICT_PORT = "/dev/ttyS1";

/**
 * The first process of a guest, a shell script: makes the machine ready, runs what {@link COMMANDS_FOLDER} holds in
 * a folder, sends of each the verdict that `verdict.ts` reads, and powers off. Whatever goes wrong before that powers
 * off without a verdict.
 *
 * @param timeoutSeconds - after which a command is killed
 */
export function initScript(folder: string, timeoutSeconds: number): string {
  return `#!${BUSYBOX} sh
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 TERM=dumb
give_up() { echo "npmon guest: $1"; poweroff -f; }
put() { mount -t "$1" "$1" "$2" || give_up "cannot mount $1"; }
put proc /proc
put sysfs /sys
put devtmpfs /dev
mkdir -p /dev/pts /dev/shm /sys/fs/cgroup
put devpts /dev/pts
put tmpfs /dev/shm
put tmpfs /run
put cgroup2 /sys/fs/cgroup
put bpf /sys/fs/bpf
ln -s /proc/self/fd /dev/fd
hostname guest
ip link set lo up || give_up "no loopback"
for module in ${MODULES_FOLDER}/*.ko; do
  [ ! -e "$module" ] || insmod "$module" || give_up "cannot insert $module"
done

exec 3>${VERDICT_PORT} || give_up "no second serial port"
stty -F ${VERDICT_PORT} raw -echo || give_up "the second serial port is no terminal"
mkdir /run/guest
cd "${folder}" || give_up "no folder ${folder}"
for command in ${COMMANDS_FOLDER}/*; do
  timeout -s KILL ${timeoutSeconds} sh "$command" </dev/null >/run/guest/stdout 2>/run/guest/stderr 3>&-
  status=$?
  {
    echo "npmon-verdict $status $(stat -c %s /run/guest/stdout) $(stat -c %s /run/guest/stderr)"
    cat /run/guest/stdout /run/guest/stderr
    echo npmon-verdict-end
  } >&3
done
exec 3>&-
poweroff -f
`;
}

/** What a file of {@link COMMANDS_FOLDER} holds: the command, each word taken literally. */
export function commandScript(command: readonly string[]): string {
  return `exec ${command.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ")}\n`;
}
