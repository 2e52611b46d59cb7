import { PORTS } from './platform.ts';

/**
 * In front of the status, on a line of its own on the console, when the kernel lets nobody write to
 * {@link PORTS}.COMMAND_STATUS (a 32-bit kernel, or one in lockdown).
 */
export const COMMAND_STATUS_MARKER = 'vizor: command status ';

/** Words on the kernel's command line that the default init looks for. */
export const INIT_FLAGS = Object.freeze({
  /** Give a shell on the console instead of powering off. */
  SHELL: 'vizor.shell',
  /** The console's other end is a pipe: no echo, and newlines as they are. */
  PIPE: 'vizor.pipe',
});

/**
 * The default init.
 *
 * With /vizor/command, a shell script, it runs that on the console with the kernel's messages off, hands the status to
 * {@link PORTS}.COMMAND_STATUS and powers off. Without, it shows the guest, then gives a shell or powers off.
 */
export const DEFAULT_INIT = `#!/bin/busybox sh
/vizor/outb ${PORTS.MILESTONE} 1

export PATH=/usr/bin:/usr/sbin:/bin:/sbin HOME=/root
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t sysfs sysfs /sys
/bin/busybox mount -t devtmpfs devtmpfs /dev
/bin/busybox --install -s
mkdir -p /dev/pts
mount -t devpts devpts /dev/pts
mount -t tmpfs tmpfs /tmp
cd /root

flag() {
  case " $(cat /proc/cmdline) " in
    *" $1 "*) return 0 ;;
  esac
  return 1
}

field() {
  sed -n "s/^$2[[:space:]]*:[[:space:]]*//p" "$1" | head -n 1
}

show() {
  echo
  echo "Hello from the guest."
  uname -a
  echo "CPU:        $(nproc) x $(field /proc/cpuinfo 'model name'), $(field /proc/cpuinfo 'cpu MHz') MHz"
  echo "Memory:     $(field /proc/meminfo MemTotal) in all, $(field /proc/meminfo MemAvailable) available"
  echo "Machine:    $(cat /sys/class/dmi/id/sys_vendor /sys/class/dmi/id/product_name 2>/dev/null | tr '\\n' ' ')"
  echo "Clock:      $(cat /sys/devices/system/clocksource/clocksource0/current_clocksource), $(date -u '+%Y-%m-%d %H:%M UTC')"
  echo "Interrupts:"
  grep -v ' 0 *[A-Z]\\|^ERR\\|^MIS\\|^PIN\\|^NPI\\|^PIW' /proc/interrupts
  if [ -e /vizor/probe ]; then
    sha256sum /vizor/probe
  fi
  echo
}

# Setting any terminal mode waits until all output has left; switching off does not.
drain() {
  stty -crtscts
}

flag ${INIT_FLAGS.PIPE} && stty -echo -onlcr
if [ -e /vizor/command ]; then
  echo 0 >/proc/sys/kernel/printk
  setsid cttyhack sh /vizor/command
  status=$?
  drain
  /vizor/outb ${PORTS.COMMAND_STATUS} $status || echo "${COMMAND_STATUS_MARKER}$status"
else
  show
  if flag ${INIT_FLAGS.SHELL}; then
    # What busybox's poweroff, halt and reboot send to init. A shell only heeds traps while it waits.
    trap 'drain; poweroff -f' USR1 USR2
    trap 'drain; reboot -f' TERM
    setsid cttyhack sh &
    wait $!
  fi
fi
drain
poweroff -f
`;
