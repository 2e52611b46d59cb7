; Guest: far transfers, interrupts and segment loads in real-address mode, and what protected mode leaves behind.
%define REAL
%include "common.inc"
  bits 32
start32: ; by way of protected mode to unreal mode
  jmp 0x48:p16 - rom
  bits 16
p16:
  mov ax, 0x10
  mov ds, ax
  mov es, ax
  mov eax, cr0
  and al, 0xfe
  mov cr0, eax
  jmp 0x1000:unreal - rom

real_start:
  xor ax, ax
  mov es, ax
  mov cx, 256
  xor di, di
  mov bx, stubs - rom
.vector:
  mov ax, bx
  stosw
  mov ax, cs
  stosw
  add bx, 8
  loop .vector
  mov eax, 0xee000000
  call out32
  int 0x42
  int3
  mov al, 0x7f
  inc al
  into
  sti
  pushf
  popf
  int 0x43
  cli
  xor cx, cx
  mov ax, 1
  div cx
after_div:
  mov ax, 7
  bound ax, [limits - rom]
  mov ax, 9
  bound ax, [limits - rom]
after_bound:
  ; single step
  pushf
  pop ax
  or ax, 0x100
  push ax
  popf
  nop
  mov ax, 2
  push ax
  popf
  ; far transfers
  push cs
  call near far_near
  call 0x1000:far_near - rom
  call far [pointer - rom]
  call dword far [pointer32 - rom]
  jmp far [pointer_jmp - rom]
back:
  pushf
  push cs
  push word .iret - rom
  iret
.iret:
  pushfd
  push dword 0x1000
  push dword .iretd - rom
  iretd
.iretd:
  les bx, [pointer - rom]
  mov ax, es
  call out32
  lfs edx, [pointer32 - rom]
  mov ax, fs
  call out32
  mov eax, edx
  call out32
  ; a stack that wraps
  mov sp, 2
  int 0x44
  mov sp, 0xfff0
  ud2
after_ud:
  lgdt [gdtr - rom]
  mov eax, cr0
  or al, 1
  mov cr0, eax
  jmp dword 0x08:start32
unreal:
  mov ax, 0x1000
  mov ds, ax
  mov ebx, 0x100000
  mov dword [ebx], 0x12345678
  mov eax, [ebx]
  call out32
  int 0x45
  mov al, 0
  out 0xf4, al
  hlt

far_near:
  mov bp, sp
  mov eax, [bp]
  call out32
  mov eax, [bp + 4]
  cmp byte [wide - rom], 0
  jne .wide
  inc byte [calls - rom]
  cmp byte [calls - rom], 3
  jne .narrow
  inc byte [wide - rom]
.narrow:
  retf
.wide:
  call out32
  o32 retf

jumped:
  mov eax, 0xabcd0123
  call out32
  jmp back

out32:
  push cx
  mov cx, 4
.byte:
  out 0xe9, al
  ror eax, 8
  loop .byte
  pop cx
  ret

handler:
  ; ip, cs, flags above the vector
  pushad
  push ds
  mov ax, cs
  mov ds, ax
  mov bp, sp
  movzx eax, word [bp + 34]
  call out32
  mov eax, [bp + 36]
  call out32
  pushf
  pop ax
  shl eax, 16
  mov ax, [bp + 40]
  call out32
  mov ax, sp
  call out32
  movzx ebx, byte [bp + 34]
  mov ax, after_div - rom
  cmp bl, 0
  je .fix
  mov ax, after_bound - rom
  cmp bl, 5
  je .fix
  mov ax, after_ud - rom
  cmp bl, 6
  jne .done
.fix:
  mov [bp + 36], ax
.done:
  pop ds
  popad
  add sp, 2
  iret

  align 8
limits: dw 5, 8
pointer: dw far_near - rom, 0x1000
pointer32: dd far_near - rom
  dw 0x1000
pointer_jmp: dw jumped - rom, 0x1000
wide: db 0
calls: db 0
  align 8
stubs:
%assign v 0
%rep 256
  align 8
  push word v
  jmp near handler
%assign v v + 1
%endrep
  times 0xfff0 - ($ - $$) db 0
  jmp 0xf000:0
  times 0x10000 - ($ - $$) db 0
