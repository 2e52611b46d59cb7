import fs from 'node:fs';
import { GuestMemory } from '@vizor/memory';
import { buildInitramfs, loadKernel } from '../src/index.ts';
import { runInQemu } from './qemu-machine.ts';
fs.mkdirSync('/tmp/loader/q',{recursive:true});
const b='/tmp/loader/kernels/';
for (let i=0;i<4;i++){
const memory = new GuestMemory(256*2**20);
const initramfs = buildInitramfs({ busybox: fs.readFileSync(b+'bin/busybox'), command:['sh','-c','cat /sys/class/dmi/id/sys_vendor; dmesg | grep -i acpi; sha256sum /vizor/probe; exit 42'] });
const state = await loadKernel(memory, { kernel: fs.readFileSync(b+'boot/vmlinuz-6.1.0-56-cloud-amd64'), initramfs, cmdline:'console=ttyS0 vizor.pipe', cpus: 1 });
const t=Date.now(); 
const timer=setTimeout(()=>{},1);
const r=await Promise.race([runInQemu('/tmp/loader/q', memory, state), new Promise<any>(r=>setTimeout(()=>r(null),45000))]);
clearTimeout(timer);
console.log(i, Date.now()-t, r?.status ?? 'HUNG');
if(!r){ break;}
}
