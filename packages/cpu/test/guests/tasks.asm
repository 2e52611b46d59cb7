; Guest: task switches, virtual-8086 mode, stack switches and double faults in protected mode; every frame is logged.
%include "common.inc"
  bits 32
start32:
  mov eax, 0x10
  mov ds, eax
  mov es, eax
  mov fs, eax
  mov gs, eax
  mov ss, eax
  mov esp, STACK0
  mov edi, IDT32
  mov ebx, stubs32
  mov ecx, 256
.gate:
  mov eax, ebx
  and eax, 0xffff
  or eax, 0x00080000
  stosd
  mov eax, ebx
  and eax, 0xffff0000
  or eax, 0xee00
  stosd
  add ebx, STUB32
  loop .gate
  lidt [idtr32]
  mov ax, 0x28
  ltr ax
  mov dword [verbose], 1

%assign i 0
%macro CASE 2 ; CPL, snippet
  LOG 0xee000000 + i
  %assign i i + 1
  mov ecx, %1
  mov edx, %2
  call run_at
%endmacro
%macro V86 1 ; snippet
  LOG 0xee000000 + i
  %assign i i + 1
  mov edx, %1
  call run_v86
%endmacro
%macro TASK 2-3 2 ; eip, cs [, eflags]
  push dword %3
  push dword %2
  push dword %1
  call make_task
%endmacro

  ; JMP and CALL to tasks
  TASK t_int, 0x08
  CASE 0, s_jmp_task
  call dump
  TASK t_iret, 0x08
  CASE 0, s_call_task
  call dump
  TASK t_int, 0x08
  CASE 0, s_call_gate
  TASK t_int, 0x08
  CASE 3, s_call_gate
  call dump
  TASK t_iret, 0x08
  CASE 3, s_call_gate
  TASK t_int, 0x1b
  mov word [tss2 + 0x50], 0x23
  CASE 0, s_jmp_task
  CASE 3, s_jmp_task
  TASK t_int, 0x08
  mov byte [gdt + 0x30 + 5], 0x8b
  CASE 0, s_jmp_task
  mov byte [gdt + 0x30 + 5], 0x09
  CASE 0, s_jmp_task
  ; the new task is not as it should be
  TASK t_int, 0x08
  mov dword [tss2 + 0x54], 0x58
  CASE 0, s_jmp_task
  TASK t_int, 0x08
  mov dword [tss2 + 0x48], 0x18 + 0x60
  CASE 0, s_jmp_task
  TASK t_int, 0x08
  mov byte [tss2 + 0x64], 1
  CASE 0, s_jmp_task
  mov eax, dr6
  and eax, 0xe00f
  LOG eax
  xor eax, eax
  mov dr6, eax
  TASK t_int, 0x08
  mov word [tss2 + 0x60], 0x40
  mov word [tss2 + 0x5c], 0x0f
  CASE 0, s_jmp_task
  xor eax, eax
  lldt ax
  ; interrupts by task gate
  mov dword [IDT32 + 0x50 * 8], 0x300000
  mov dword [IDT32 + 0x50 * 8 + 4], 0xe500
  TASK t_int, 0x08
  CASE 0, s_int50
  TASK t_int, 0x08
  CASE 3, s_int50
  call dump
  TASK t_iret, 0x08
  CASE 3, s_int50
  push dword [IDT32 + 13 * 8]
  push dword [IDT32 + 13 * 8 + 4]
  mov dword [IDT32 + 13 * 8], 0x300000
  mov dword [IDT32 + 13 * 8 + 4], 0xe500
  TASK t_error, 0x08
  CASE 3, s_gp
  call dump
  pop dword [IDT32 + 13 * 8 + 4]
  pop dword [IDT32 + 13 * 8]
  ; a 16-bit task
  mov word [tss3 + 0x0e], t16 - rom
  mov word [tss3 + 0x10], 2
  mov word [tss3 + 0x12], 0x1234
  mov word [tss3 + 0x1a], 0xf000
  mov word [tss3 + 0x22], 0x10
  mov word [tss3 + 0x24], 0x48
  mov word [tss3 + 0x26], 0x50
  mov word [tss3 + 0x28], 0x10
  CASE 0, s_jmp_task16
  mov word [tss3 + 0x0e], t16r - rom
  CASE 0, s_call_task16
  call dump
  TASK t_int, 0x1000, 0x23002
  mov dword [tss2 + 0x20], v_int - rom
  mov dword [tss2 + 0x50], 0x3000
  mov dword [tss2 + 0x38], 0x800
  CASE 0, s_jmp_task
  ; call gates with parameters
  mov dword [gdt + 0x58], gate_target - rom + 0x80000
  mov dword [gdt + 0x58 + 4], (IMAGE & 0xffff0000) + 0xec03
  CASE 3, s_params
  CASE 1, s_params
  CASE 0, s_params
  mov dword [gdt + 0x58], gate_target16 - rom + 0x480000
  mov dword [gdt + 0x58 + 4], 0xe403
  CASE 3, s_params16
  ; software interrupts and exceptions
  CASE 0, s_int3
  CASE 3, s_int3
  CASE 3, s_into
  CASE 3, s_bound
  CASE 3, s_bound_in
  CASE 3, s_icebp
  CASE 3, s_ud2
  CASE 3, s_arpl
  CASE 0, s_trap
  CASE 3, s_trap
  CASE 0, s_flags
  mov dword [run_flags], 0x1002
  CASE 1, s_flags
  CASE 3, s_flags
  mov dword [run_flags], 2
  mov byte [IDT32 + 3 * 8 + 5], 0x8e
  mov byte [IDT32 + 1 * 8 + 5], 0x8e
  CASE 3, s_int3
  CASE 3, s_icebp
  mov byte [IDT32 + 3 * 8 + 5], 0xee
  ; faults during delivery
  mov byte [IDT32 + 6 * 8 + 5], 0x6e
  CASE 0, s_ud2
  CASE 3, s_ud2
  CASE 3, s_int6
  mov byte [IDT32 + 6 * 8 + 5], 0xee
  mov word [IDT32 + 6 * 8 + 2], 0x58
  mov dword [gdt + 0x58 + 4], 0
  CASE 3, s_ud2
  CASE 3, s_int6
  mov word [IDT32 + 6 * 8 + 2], 0
  CASE 3, s_ud2
  CASE 3, s_int6
  mov word [IDT32 + 6 * 8 + 2], 8
  mov byte [IDT32 + 13 * 8 + 5], 0x6e
  CASE 3, s_gp
  mov byte [IDT32 + 13 * 8 + 5], 0xee
  mov word [idtr32], 0x7f0
  lidt [idtr32]
  CASE 3, s_intff
  mov word [idtr32], 0x7ff
  lidt [idtr32]
  ; a small stack in ring 1
  mov dword [gdt + 0x58], 0x0000000f
  mov dword [gdt + 0x58 + 4], 0x0040b300
  mov dword [tss + 12], 0x10
  mov dword [tss + 16], 0x59
  mov dword [IDT32 + 0x43 * 8], stub43 - rom + 0x600000
  mov dword [IDT32 + 0x43 * 8 + 4], (IMAGE & 0xffff0000) | 0xee00
  CASE 3, s_int43
  mov dword [gdt + 0x58], 0x00000013
  mov dword [tss + 12], 0x14
  CASE 3, s_int43
  mov dword [tss + 12], 0x3b000
  mov dword [tss + 16], 0
  CASE 3, s_int43
  mov dword [tss + 16], 0x69
  ; 16-bit gate
  mov dword [IDT32 + 0x43 * 8 + 4], 0xe600
  mov word [IDT32 + 0x43 * 8 + 2], 0x48
  mov word [IDT32 + 0x43 * 8], stub16 - rom
  CASE 3, s_int43
  CASE 0, s_int43
  mov byte [IDT32 + 0x43 * 8 + 5], 0xe7
  mov dword [run_flags], 0x202
  CASE 3, s_int43
  mov dword [run_flags], 2
  ; virtual-8086 mode
  mov dword [run_flags], 0x23002
  V86 v_int
  V86 v_int3
  V86 v_flags
  V86 v_far
  V86 v_iret
  V86 v_limit
  V86 v_stack
  V86 v_hlt
  V86 v_arpl
  V86 v_segment
  V86 v_int44
  mov byte [IDT32 + 0x44 * 8 + 5], 0xef
  mov word [IDT32 + 0x44 * 8 + 2], 0x88
  V86 v_int44
  mov word [IDT32 + 0x44 * 8 + 2], 0x60
  V86 v_int44
  mov word [IDT32 + 0x44 * 8 + 2], 0x18
  V86 v_int44
  mov word [IDT32 + 0x44 * 8 + 2], 0x08
  V86 v_int44
  mov dword [run_flags], 0x20002
  V86 v_int
  V86 v_int3
  V86 v_flags
  V86 v_iret
  V86 v_far
  jmp exit

; arguments: eip, cs, eflags
make_task:
  mov edi, tss2
  mov ecx, 26
  xor eax, eax
  rep stosd
  mov eax, [esp + 4]
  mov [tss2 + 0x20], eax
  mov eax, [esp + 12]
  mov [tss2 + 0x24], eax
  mov eax, [esp + 8]
  mov [tss2 + 0x4c], eax
  mov dword [tss2 + 4], 0x3a800
  mov dword [tss2 + 8], 0x10
  mov dword [tss2 + 0x28], 0x11111111
  mov dword [tss2 + 0x34], 0x44444444
  mov dword [tss2 + 0x38], 0x39000
  mov dword [tss2 + 0x44], 0x77777777
  mov dword [tss2 + 0x48], 0x10
  mov dword [tss2 + 0x50], 0x10
  mov dword [tss2 + 0x54], 0x23
  mov byte [gdt + 0x30 + 5], 0x89
  mov dword [gdt + 0x58], 0xffff
  mov dword [gdt + 0x58 + 4], 0x00cf1300
  ret 12

dump:
  mov esi, tss
  mov ecx, 26 + 28 + 12
.next:
  lodsd
  call log
  loop .next
  ret

; edx: snippet
run_v86:
  mov [resume_esp], esp
  push dword 0x4444
  push dword 0x3333
  push dword 0x1000
  push dword 0x2222
  push dword 0x3000
  push dword 0x0800
  push dword [run_flags]
  push dword 0x1000
  sub edx, IMAGE
  push edx
  iretd

t_int:
  int 0x82
t_iret:
  iretd
  int 0x82
t_error:
  pop eax
  int 0x82
s_jmp_task:
  jmp 0x30:0
  int 0x83
s_call_task:
  mov ebx, 0xbbbbbbbb
  call 0x30:0
  int 0x83
s_jmp_task16:
  jmp 0x38:0
  int 0x83
s_call_task16:
  call 0x38:0
  int 0x83
s_call_gate:
  call 0x83:0
  int 0x83
s_int50:
  int 0x50
  int 0x83
s_int43:
  int 0x43
  int 0x83
s_int6:
  int 6
s_intff:
  int 0xff
s_gp:
  mov ax, 0x08 + 0x10 * 0x100
  mov ds, ax
s_int3:
  int3
s_into:
  mov al, 0x7f
  inc al
  into
s_icebp:
  db 0xf1
s_ud2:
  ud2
s_arpl:
  mov ax, 0x18
  mov cx, 3
  arpl ax, cx
  pushfd
  pop ebx
  mov cx, 2
  arpl ax, cx
  pushfd
  pop ecx
  and ebx, 0x40
  and ecx, 0x40
  int 0x82
s_bound:
  mov eax, 11
  bound eax, [limits]
  int 0x82
s_bound_in:
  mov eax, 10
  bound eax, [limits]
  mov eax, -5
  bound ax, [limits16]
  int 0x82
s_trap:
  pushfd
  or dword [esp], 0x100
  popfd
  nop
  nop
s_flags:
  push dword 0x00247fd7 & ~0x20100
  push cs
  push dword .back
  iretd
.back:
  int 0x82
s_params:
  push dword 0x33333333
  push dword 0x22222222
  push dword 0x11111111
  call 0x5b:0
  int 0x82
s_params16:
  push word 0x3333
  push word 0x2222
  push word 0x1111
  db 0x66
  call 0x5b:0
  int 0x82
gate_target:
  mov esi, esp
  mov ecx, 7
  LOG esp
  cld
.next:
  ss lodsd
  call log
  dec ecx
  jnz .next
  retf 12

  bits 16
gate_target16:
  mov esi, esp
  mov cx, 8
.next:
  a32 ss lodsw
  call log16
  loop .next
  retf 6
log16:
  out 0xe9, al
  xchg al, ah
  out 0xe9, al
  xchg al, ah
  ret
t16:
  int 0x82
t16r:
  iret
stub16:
  mov esi, esp
  mov cx, 6
.next:
  a32 ss lodsw
  call log16
  loop .next
  int 0x82
v_int:
  int 0x82
v_int3:
  int3
v_int44:
  int 0x44
v_flags:
  pushf
  popf
  pushfd
  pop eax
  cli
  pushfd
  pop ebx
  popfd
  int 0x82
v_far:
  push cs
  push word .back - rom
  retf
.back:
  call 0x1000:.called - rom
  int 0x82
.called:
  mov ax, 0x5555
  mov ds, ax
  mov es, ax
  lgs bx, [cs:.pointer - rom]
  retf
.pointer: dw 0x9999, 0x8888
v_iret:
  pushf
  push cs
  push word .back - rom
  iret
.back:
  int 0x82
v_limit:
  mov ax, [0xffff]
v_stack:
  mov sp, 1
  push ax
v_hlt:
  hlt
v_arpl:
  arpl ax, cx
v_segment:
  mov ax, 0xffff
  mov ss, ax
  mov es, ax
  mov sp, 0x10
  int 0x82

  bits 32
stub43:
  mov esi, esp
  mov ecx, 4
.next:
  ss lodsd
  push eax
  pop eax
  loop .next
  int 0x82
  align 8
limits: dd 5, 10
limits16: dw -6, -5
%include "run32.inc"
