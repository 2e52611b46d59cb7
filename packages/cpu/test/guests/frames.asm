; Guest: interrupt frames, stacks and double faults in long mode; every frame is logged.
%include "common.inc"
  bits 32
start32:
  mov eax, 0x10
  mov ds, eax
  mov es, eax
  mov ss, eax
  mov esp, STACK0
  jmp to_long
  bits 64
%assign i 0
%macro CASE 2 ; CPL, snippet
  LOG64 0xee000000 + i
  %assign i i + 1
  mov ecx, %1
  mov edx, %2
  call run_at64
%endmacro
start64:
  mov dword [verbose64], 1
  CASE 0, s_int
  CASE 1, s_int
  CASE 3, s_int
  CASE 0, s_odd
  CASE 3, s_odd
  CASE 0, s_cross
  CASE 3, s_int3
  CASE 3, s_ud2
  CASE 3, s_gp
  CASE 0, s_gp
  CASE 3, s_trap
  CASE 0, s_trap
  CASE 0, s_flags
  CASE 3, s_flags
  mov dword [run_flags64], 0x3002
  CASE 3, s_flags
  mov dword [run_flags64], 0x202
  CASE 3, s_int
  mov byte [IDT64 + 0x82 * 16 + 5], 0xef
  CASE 3, s_int
  mov dword [run_flags64], 2
  ; interrupt stack table
  mov byte [IDT64 + 0x82 * 16 + 4], 1
  CASE 0, s_int
  CASE 3, s_int
  mov byte [IDT64 + 0x82 * 16 + 4], 7
  CASE 3, s_int
  mov byte [IDT64 + 0x82 * 16 + 4], 0
  mov byte [IDT64 + 13 * 16 + 4], 2
  CASE 3, s_gp
  CASE 0, s_gp
  mov byte [IDT64 + 13 * 16 + 4], 0
  ; handlers that cannot be reached
  mov dword [IDT64 + 0x82 * 16 + 8], 0x8000
  CASE 3, s_int
  CASE 0, s_int
  mov dword [IDT64 + 0x82 * 16 + 8], 0
  mov byte [IDT64 + 0x82 * 16 + 5], 0x8e
  CASE 3, s_int
  mov byte [IDT64 + 0x82 * 16 + 5], 0x6e
  CASE 3, s_int
  mov byte [IDT64 + 0x82 * 16 + 5], 0xee
  mov byte [IDT64 + 6 * 16 + 5], 0x6e
  CASE 3, s_ud2
  mov byte [IDT64 + 6 * 16 + 5], 0xee
  ; stacks that are not there
  mov byte [IDT64 + 8 * 16 + 4], 3
  mov dword [tss64 + 4], 0x40000100
  CASE 3, s_int
  CASE 3, s_ud2
  CASE 3, s_pf
  mov dword [tss64 + 4], 0x3a000
  CASE 0, s_bad_stack
  CASE 0, s_noncanonical_stack
  CASE 0, s_pf
  CASE 3, s_pf
  mov dword [tss64 + 8], 0x8000
  mov byte [IDT64 + 12 * 16 + 4], 4
  CASE 3, s_int
  mov dword [tss64 + 8], 0
  mov byte [IDT64 + 12 * 16 + 4], 0
  mov word [gdt + 0xb8], 0x8
  mov byte [gdt + 0xb8 + 5], 0x89
  mov ax, 0xb8
  ltr ax
  mov byte [IDT64 + 10 * 16 + 4], 0
  CASE 0, s_int_ist
  mov word [gdt + 0xb8], 0x67
  ; returns
  CASE 0, s_iret_canonical
  CASE 0, s_iret_stack
  CASE 3, s_iret_stack
  CASE 0, s_iret_null
  CASE 0, s_iret_nt
  CASE 0, s_iret32
  CASE 0, s_iret16
  CASE 0, s_iret_compat
  CASE 0, s_retf_compat
  CASE 0, s_callf
  CASE 3, s_callf64
  CASE 0, s_fs
  CASE 0, s_icebp
  CASE 0, s_retf_stack
  jmp exit64

s_int:
  int 0x82
s_int_ist:
  mov byte [abs IDT64 + 0x82 * 16 + 4], 2
  int 0x82
s_int3:
  int3
s_ud2:
  ud2
s_icebp:
  db 0xf1
s_gp:
  mov ax, 0xfff8
  mov ds, ax
s_odd:
  sub rsp, 5
  int 0x82
s_cross:
  mov rsp, 0x31010
  int 0x82
s_pf:
  mov eax, [abs 0x40001234]
s_bad_stack:
  mov rsp, 0x40000100
  push rax
s_noncanonical_stack:
  mov rsp, 0x800000000000
  push rax
s_trap:
  pushfq
  or dword [rsp], 0x100
  popfq
  nop
  nop
s_flags:
  mov rax, ss
  push rax
  push qword 0x3e000
  push qword 0x247fd7 & ~0x20100 & ~0x4000
  mov rax, cs
  push rax
  push qword .back
  iretq
.back:
  int 0x82
s_iret_canonical:
  push qword 0x10
  push qword 0x3e000
  push qword 2
  push qword 0x98
  mov rax, 0x8000deadbeef
  push rax
  iretq
s_iret_stack:
  mov rsp, 0x8000000000000000
  iretq
s_retf_stack:
  mov rsp, 0x40000000
  o64 retf
s_iret_null:
  push qword 0
  push qword 0x3e008
  push qword 2
  push qword 0x98
  push qword .back
  iretq
.back:
  mov eax, 0
  mov ss, ax
  int 0x82
s_iret_nt:
  pushfq
  or dword [rsp], 0x4000
  popfq
  iretq
s_iret32:
  mov rbx, rsp
  sub rsp, 20
  mov dword [rsp], .back
  mov dword [rsp + 4], 0x98
  mov dword [rsp + 8], 2
  mov dword [rsp + 12], 0x3d000
  mov dword [rsp + 16], 0x10
  iretd
.back:
  int 0x82
s_iret16:
  sub rsp, 10
  mov word [rsp], landing16
  mov word [rsp + 2], 0x98
  mov word [rsp + 4], 2
  mov word [rsp + 6], 0xd000
  mov word [rsp + 8], 0x10
  mov word [abs landing - IMAGE], 0x82cd
  db 0x66
  iret
landing16 equ landing - rom
s_iret_compat:
  push qword 0x23
  mov rax, 0xaaaa0003e000
  push rax
  push qword 0x202
  push qword 0x1b
  push qword landing
  iretq
s_retf_compat:
  push qword 0x23
  push qword 0x3e000
  push qword 0x1b
  push qword landing
  o64 retf
s_callf:
  mov rbx, rsp
  call far dword [abs pointer]
  int 0x83
s_callf64:
  mov rbx, rsp
  mov dword [abs pointer + 4], 0xa3
  call far dword [abs pointer]
  int 0x83
s_fs:
  mov ax, 0x23
  mov fs, ax
  mov ax, 0x10
  mov ds, ax
  push qword 0x23
  push qword 0x3e000
  push qword 0x2
  push qword 0xa3
  push qword .back
  iretq
.back:
  int 0x82
landing:
  int 0x82
  align 8
pointer: dd called, 0x98
called:
  pop rax
  pop rbx
  int 0x82
%include "run64.inc"
