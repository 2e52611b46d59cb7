; Guest: segment loads, far transfers, gates and returns in 64-bit and compatibility mode, for every kind of descriptor.
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
%macro SWEEP 3  ; snippet, first CPL, last CPL
  LOG64 0xee000000 + i
  %assign i i + 1
  mov dword [snippet], %1
  mov dword [first_cpl], %2
  mov dword [last_cpl], %3
  call sweep
%endmacro

start64:
  mov dword [make], make_segment
  SWEEP s_mov_ds, 0, 3
  SWEEP s_mov_ss, 0, 3
  SWEEP s_lss, 0, 3
  SWEEP s_lldt, 0, 0
  SWEEP s_ltr, 0, 0
  mov dword [cs_table], cs_of
  SWEEP s_mov_ds, 1, 3
  SWEEP s_mov_ss, 1, 3
  mov dword [cs_table], cs64_of
  mov esi, kinds
.kind:
  lodsb
  test al, al
  jz .kinds_done
  mov [kind], al
  push rsi
  SWEEP s_call, 0, 3
  SWEEP s_jmp, 0, 3
  SWEEP s_retf, 0, 3
  SWEEP s_iret, 0, 3
  ; a null SS is for 64-bit code
  cmp byte [kind], 0xaf
  jne .no_null
  mov dword [null_ss], 1
  SWEEP s_retf, 0, 3
  SWEEP s_iret, 0, 3
  mov dword [null_ss], 0
.no_null:
  mov dword [IDT64 + 0x40 * 16], landing - rom + 0xd80000
  mov dword [IDT64 + 0x40 * 16 + 4], (IMAGE & 0xffff0000) | 0xee00
  SWEEP s_int40, 0, 3
  mov dword [cs_table], cs_of
  SWEEP s_call32, 1, 3
  SWEEP s_jmp32, 1, 3
  SWEEP s_retf32, 1, 3
  SWEEP s_iret32, 1, 3
  SWEEP s_int40, 1, 3
  mov dword [cs_table], cs64_of
  pop rsi
  jmp .kind
.kinds_done:
  mov dword [make], make_gate
  mov esi, targets
.target:
  lodsd
  cmp eax, -1
  je .targets_done
  mov [target], eax
  push rsi
  SWEEP s_call, 0, 3
  SWEEP s_jmp, 0, 3
  mov dword [cs_table], cs_of
  SWEEP s_call32, 1, 3
  mov dword [cs_table], cs64_of
  pop rsi
  jmp .target
.targets_done:
  mov dword [make], make_idt_gate
  mov esi, targets
.target2:
  lodsd
  cmp eax, -1
  je .targets_done2
  mov [target], eax
  push rsi
  SWEEP s_int41, 0, 3
  mov dword [cs_table], cs_of
  SWEEP s_int41, 1, 3
  mov dword [cs_table], cs64_of
  pop rsi
  jmp .target2
.targets_done2:
  jmp exit64

kinds: db 0xaf, 0xcf, 0
targets: dd 0x98, 0xa9, 0xc8, 0x08, 0x10, 0, 0xfff8, -1

s_mov_ds:
  mov ds, ax
  int 0x80
s_mov_ss:
  mov ss, ax
  int 0x80
s_lss:
  mov [abs pointer + 4], ax
  lss ecx, [abs pointer]
  int 0x80
s_lldt:
  lldt ax
  int 0x80
s_ltr:
  ltr ax
  int 0x80
s_call:
  mov [abs pointer + 4], ax
  call far dword [abs pointer]
  int 0x80
s_jmp:
  mov [abs pointer + 4], ax
  jmp far dword [abs pointer]
s_retf:
  push rbx
  push qword 0x3e800
  push qword 0x11111111
  push rax
  push qword landing
  o64 retf 8
s_iret:
  push rbx
  push qword 0x3e800
  push qword 0x3002
  push rax
  push qword landing
  iretq
s_int40:
  int 0x40
  int 0x80
s_int41:
  int 0x41
  int 0x80
  bits 32
s_call32:
  mov [pointer + 4], ax
  call far [pointer]
  int 0x80
s_jmp32:
  mov [pointer + 4], ax
  jmp far [pointer]
s_retf32:
  push ebx
  push dword 0x3e800
  push dword 0x11111111
  push eax
  push dword landing
  retf 4
s_iret32:
  push ebx
  push dword 0x3e800
  push dword 0x3002
  push eax
  push dword landing
  iretd
landing:
  int 0x81
  bits 64

sweep:
  mov eax, [first_cpl]
  mov [cpl], eax
.cpl:
  mov dword [access], 0
.access:
  mov dword [rpl], 0
.rpl:
  mov eax, [access]
  call [make]
  jc .skip
  mov eax, [rpl]
  mov ebx, eax
  cmp dword [null_ss], 0
  jne .null
  mov ebx, [ss_of + rax * 4]
.null:
  or eax, 0xd8
  mov edx, [snippet]
  mov ecx, [cpl]
  call run_at64
.skip:
  inc dword [rpl]
  cmp dword [rpl], 4
  jb .rpl
  inc dword [access]
  cmp dword [access], 256
  jb .access
  inc dword [cpl]
  mov eax, [last_cpl]
  cmp [cpl], eax
  jbe .cpl
  ret

make_segment:
  mov qword [gdt + 0xd8 + 8], 0
  mov byte [gdt + 0xd8 + 5], al
  mov word [gdt + 0xd8 + 2], 0
  mov byte [gdt + 0xd8 + 4], 0
  mov byte [gdt + 0xd8 + 7], 0
  mov ah, [kind]
  mov byte [gdt + 0xd8 + 6], ah
  mov word [gdt + 0xd8], 0xffff
  mov ah, al
  and ah, 0x1c
  cmp ah, 0x14
  je .down
  test al, 0x10
  jnz .done
  mov byte [gdt + 0xd8 + 6], 0
  mov word [gdt + 0xd8], 0x10
.done:
  clc
  ret
.down:
  mov byte [gdt + 0xd8 + 6], 0x40
  mov word [gdt + 0xd8], 0
  clc
  ret
make_gate:
  test al, 0x10
  jnz .skip
  mov qword [gdt + 0xd8 + 8], 0
  mov dword [gdt + 0xd8 + 4], IMAGE & 0xffff0000
  mov byte [gdt + 0xd8 + 5], al
  mov word [gdt + 0xd8], landing - rom
  mov eax, [target]
  mov word [gdt + 0xd8 + 2], ax
  clc
  ret
.skip:
  stc
  ret
make_idt_gate:
  cmp dword [rpl], 0
  jne .skip
  mov dword [IDT64 + 0x41 * 16 + 4], IMAGE & 0xffff0000
  mov byte [IDT64 + 0x41 * 16 + 5], al
  mov word [IDT64 + 0x41 * 16], landing - rom
  mov eax, [target]
  mov word [IDT64 + 0x41 * 16 + 2], ax
  clc
  ret
.skip:
  stc
  ret

  align 8
pointer: dd landing, 0
snippet: dq 0
make: dq 0
target: dd 0
first_cpl: dd 0
last_cpl: dd 0
cpl: dd 0
access: dd 0
rpl: dd 0
null_ss: dd 0
kind: dd 0xaf
%include "run64.inc"
