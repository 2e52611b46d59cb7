// System instructions (group 'system' of the opcode table), dispatched by subject.
import { COUNT_HALT, CPL, EXIT, EXIT_HALT, EXIT_HALT_FOREVER, EXIT_REASON, JUMP, MODE, MODE_REAL, MODE_V86, OK, PENDING, RFLAGS, SHADOW, SHADOW_SET } from "../layout/cpu";
