; Guest: segment loads, far transfers, gates and returns in 32-bit protected mode, for every kind of descriptor.
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
  ; IDT: 256 32-bit interrupt gates, DPL 3
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
  ; landing for 16-bit gates
  mov word [landing - rom], 0x81cd

%assign i 0
%macro SWEEP 3  ; snippet, first CPL, last CPL
  LOG 0xee000000 + i
  %assign i i + 1
  mov dword [snippet], %1
  mov dword [first_cpl], %2
  mov dword [last_cpl], %3
  call sweep
%endmacro
  mov dword [make], make_segment
  SWEEP s_mov_ds, 0, 3
  SWEEP s_mov_ss, 0, 3
  SWEEP s_lldt, 0, 0
  SWEEP s_ltr, 0, 0
  SWEEP s_call, 0, 3
  SWEEP s_jmp, 0, 3
  SWEEP s_retf, 0, 3
  SWEEP s_iret, 0, 3
  SWEEP s_lss, 0, 3
  SWEEP s_les, 0, 3
  ; a gate of the IDT leads to the varied segment
  mov dword [IDT32 + 0x40 * 8], landing - rom + 0x580000
  mov dword [IDT32 + 0x40 * 8 + 4], (IMAGE & 0xffff0000) | 0xee00
  SWEEP s_int40, 0, 3
  ; the stack of ring 1 in the varied segment
  mov dword [make], make_tss_ss
  mov dword [IDT32 + 0x43 * 8], landing - rom + 0x610000
  mov dword [IDT32 + 0x43 * 8 + 4], (IMAGE & 0xffff0000) | 0xee00
  SWEEP s_int43, 2, 3
  mov dword [tss + 16], 0x69
  ; call gates
  mov dword [make], make_gate
  mov esi, targets
.target:
  lodsd
  cmp eax, -1
  je .targets_done
  mov [target], eax
  push esi
  SWEEP s_call, 0, 3
  SWEEP s_jmp, 0, 3
  pop esi
  jmp .target
.targets_done:
  mov dword [make], make_idt_gate
  mov esi, targets
.target2:
  lodsd
  cmp eax, -1
  je .targets_done2
  mov [target], eax
  push esi
  SWEEP s_int41, 0, 3
  pop esi
  jmp .target2
.targets_done2:
  jmp exit

targets: dd 0x08, 0x61, 0x72, 0x1b, 0x88, 0x90, 0x10, 0, 0xfff8, -1

s_mov_ds:
  mov ds, ax
  int 0x80
s_mov_ss:
  mov ss, ax
  int 0x80
s_lldt:
  lldt ax
  int 0x80
s_ltr:
  ltr ax
  int 0x80
s_call:
  mov [pointer + 4], ax
  call far [pointer]
  int 0x80
s_jmp:
  mov [pointer + 4], ax
  jmp far [pointer]
s_lss:
  mov [pointer + 4], ax
  lss ecx, [pointer]
  mov esp, 0x3e000
  int 0x80
s_les:
  mov [pointer + 4], ax
  les ecx, [pointer]
  int 0x80
s_retf:
  push ebx
  push dword 0x3e800
  push dword 0x11111111
  push eax
  push dword landing
  retf 4
s_iret:
  push ebx
  push dword 0x3e800
  push dword 0x3202 & ~0x200
  push eax
  push dword landing
  iretd
s_int40:
  int 0x40
  int 0x80
s_int41:
  int 0x41
  int 0x80
s_int43:
  int 0x43
landing:
  int 0x81

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
  mov ebx, [ss_of + eax * 4]
  or eax, 0x58
  mov edx, [snippet]
  mov ecx, [cpl]
  call run_at
  mov eax, [gdt + 0x58 + 4]
  call log
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

; descriptor of a segment with access byte al at 0x58
make_segment:
  mov byte [gdt + 0x58 + 5], al
  mov word [gdt + 0x58 + 2], 0
  mov byte [gdt + 0x58 + 4], 0
  mov byte [gdt + 0x58 + 7], 0
  mov byte [gdt + 0x58 + 6], 0xcf
  mov word [gdt + 0x58], 0xffff
  mov ah, al
  and ah, 0x1c
  cmp ah, 0x14
  je .down
  test al, 0x10
  jnz .done
  mov byte [gdt + 0x58 + 6], 0
  mov word [gdt + 0x58], 0x10
.done:
  clc
  ret
.down:
  mov byte [gdt + 0x58 + 6], 0x40
  mov word [gdt + 0x58], 0
  clc
  ret
make_tss_ss:
  call make_segment
  mov eax, [rpl]
  or eax, 0x58
  mov [tss + 16], eax
  clc
  ret
make_gate:
  test al, 0x10
  jnz .skip
  mov ah, al
  and ah, 7
  cmp ah, 1
  je .skip
  cmp ah, 3
  je .skip
  mov dword [gdt + 0x58 + 4], (IMAGE & 0xffff0000) + 2
  mov byte [gdt + 0x58 + 5], al
  mov word [gdt + 0x58], landing - rom
  mov eax, [target]
  mov word [gdt + 0x58 + 2], ax
  clc
  ret
.skip:
  stc
  ret
make_idt_gate:
  cmp dword [rpl], 0
  jne .skip
  mov dword [IDT32 + 0x41 * 8 + 4], IMAGE & 0xffff0000
  mov byte [IDT32 + 0x41 * 8 + 5], al
  mov word [IDT32 + 0x41 * 8], landing - rom
  mov eax, [target]
  mov word [IDT32 + 0x41 * 8 + 2], ax
  clc
  ret
.skip:
  stc
  ret


  align 8
pointer: dd landing, 0
snippet: dd 0
make: dd 0
target: dd 0
first_cpl: dd 0
last_cpl: dd 0
cpl: dd 0
access: dd 0
rpl: dd 0
  dd 0
%include "run32.inc"
