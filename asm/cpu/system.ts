// System instructions (group 'system' of the opcode table), sent to the files that have them by subject.
import { GDT_BASE, IDT_BASE, LDTR, OK, TR } from "../layout/cpu";
import * as ops from "../generated/ops";
import { raise, UD } from "./exception";
import { invlpg, syscall, sysenter, sysexit, sysret, swapgs } from "./system-call";
import { clts, lmsw, readControl, smsw, writeControl } from "./system-control";
import { readDebug, writeDebug } from "./system-debug";
import { cli, execCpuid, hlt, invalidateCaches, rdmsr, rdpmc, rdtsc, rdtscp, sti, wrmsr } from "./system-processor";
import { lldt, loadTable, ltr, storeSelector, storeTable } from "./system-table";
import { lar, lsl, verify } from "./system-verify";

export function execSystem(cpu: u32, pc: u32, op: u32): u32 {
  switch (op) {
    case ops.HLT: return hlt(cpu, pc);
    case ops.CLI: return cli(cpu);
    case ops.STI: return sti(cpu, pc);
    case ops.SLDT_R_16: return storeSelector(cpu, pc, LDTR, 2);
    case ops.SLDT_R_32: case ops.SLDT_R_64: return storeSelector(cpu, pc, LDTR, 8);
    case ops.SLDT_M_16: case ops.SLDT_M_32: case ops.SLDT_M_64: return storeSelector(cpu, pc, LDTR, 0);
    case ops.STR_R_16: return storeSelector(cpu, pc, TR, 2);
    case ops.STR_R_32: case ops.STR_R_64: return storeSelector(cpu, pc, TR, 8);
    case ops.STR_M_16: case ops.STR_M_32: case ops.STR_M_64: return storeSelector(cpu, pc, TR, 0);
    case ops.LLDT_R: return lldt(cpu, pc, false);
    case ops.LLDT_M: return lldt(cpu, pc, true);
    case ops.LTR_R: return ltr(cpu, pc, false);
    case ops.LTR_M: return ltr(cpu, pc, true);
    case ops.VERR_R: return verify(cpu, pc, false, false);
    case ops.VERR_M: return verify(cpu, pc, true, false);
    case ops.VERW_R: return verify(cpu, pc, false, true);
    case ops.VERW_M: return verify(cpu, pc, true, true);
    case ops.LAR_RR_16: return lar(cpu, pc, false, true);
    case ops.LAR_RM_16: return lar(cpu, pc, true, true);
    case ops.LAR_RR_32: case ops.LAR_RR_64: return lar(cpu, pc, false, false);
    case ops.LAR_RM_32: case ops.LAR_RM_64: return lar(cpu, pc, true, false);
    case ops.LSL_RR_16: return lsl(cpu, pc, false, true);
    case ops.LSL_RM_16: return lsl(cpu, pc, true, true);
    case ops.LSL_RR_32: case ops.LSL_RR_64: return lsl(cpu, pc, false, false);
    case ops.LSL_RM_32: case ops.LSL_RM_64: return lsl(cpu, pc, true, false);
    case ops.SGDT_M: return storeTable(cpu, pc, GDT_BASE);
    case ops.SIDT_M: return storeTable(cpu, pc, IDT_BASE);
    case ops.LGDT_M: return loadTable(cpu, pc, GDT_BASE);
    case ops.LIDT_M: return loadTable(cpu, pc, IDT_BASE);
    case ops.SMSW_R_16: return smsw(cpu, pc, 2);
    case ops.SMSW_R_32: case ops.SMSW_R_64: return smsw(cpu, pc, 8);
    case ops.SMSW_M_16: case ops.SMSW_M_32: case ops.SMSW_M_64: return smsw(cpu, pc, 0);
    case ops.LMSW_R: return lmsw(cpu, pc, false);
    case ops.LMSW_M: return lmsw(cpu, pc, true);
    case ops.CLTS: return clts(cpu);
    case ops.MOV_FROM_CR_RR: return readControl(cpu, pc);
    case ops.MOV_TO_CR_RR: return writeControl(cpu, pc);
    case ops.MOV_FROM_DR_RR: return readDebug(cpu, pc);
    case ops.MOV_TO_DR_RR: return writeDebug(cpu, pc);
    case ops.INVLPG_M: return invlpg(cpu, pc);
    case ops.SWAPGS: return swapgs(cpu);
    case ops.SYSCALL: return syscall(cpu, pc);
    case ops.SYSRET_32: return sysret(cpu, false);
    case ops.SYSRET_64: return sysret(cpu, true);
    case ops.SYSENTER: return sysenter(cpu);
    case ops.SYSEXIT_32: case ops.SYSEXIT_64: return sysexit(cpu);
    case ops.RDTSC: return rdtsc(cpu);
    case ops.RDTSCP: return rdtscp(cpu);
    case ops.RDPMC: return rdpmc(cpu);
    case ops.RDMSR: return rdmsr(cpu);
    case ops.WRMSR: return wrmsr(cpu, pc);
    case ops.CPUID: return execCpuid(cpu);
    case ops.INVD: case ops.WBINVD: return invalidateCaches(cpu);
    case ops.PAUSE: return OK;
    // UD2.
    default: return raise(cpu, UD);
  }
}
