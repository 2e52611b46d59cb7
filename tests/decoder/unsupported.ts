// What the processor deliberately does not have, by iced-x86's CPUID features. Such instructions are #UD here.
import { CpuidFeature } from 'iced-x86';

const REASONS: readonly { readonly reason: string; readonly features: string }[] = [
  {
    reason: 'vectors beyond x86-64-v2: VEX, EVEX and XOP encodings',
    features: `AVX AVX2 F16C FMA FMA4 XOP LWP AVX_VNNI AVX_IFMA AVX_NE_CONVERT AVX_VNNI_INT8 AVX_VNNI_INT16 SHA512 SM3 SM4
      AVX512F AVX512VL AVX512BW AVX512DQ AVX512CD AVX512ER AVX512PF AVX512_4FMAPS AVX512_4VNNIW AVX512_BF16
      AVX512_BITALG AVX512_FP16 AVX512_IFMA AVX512_VBMI AVX512_VBMI2 AVX512_VNNI AVX512_VP2INTERSECT AVX512_VPOPCNTDQ
      AMX_TILE AMX_INT8 AMX_BF16 AMX_FP16 AMX_COMPLEX KNC`,
  },
  {
    reason: 'integer instructions beyond x86-64-v2',
    features: 'ADX BMI1 BMI2 TBM CMPCCXADD MOVBE MOVDIRI MOVDIR64B ENQCMD RAO_INT RDRAND RDSEED RDPID',
  },
  { reason: 'state beyond FXSAVE', features: 'XSAVE XSAVEC XSAVEOPT XSAVES PKU FSGSBASE' },
  {
    reason: 'cryptography',
    features:
      'AES PCLMULQDQ VAES VPCLMULQDQ GFNI SHA KL AESKLE WIDE_KL PADLOCK_ACE PADLOCK_PHE PADLOCK_PMM PADLOCK_RNG PADLOCK_GMI PADLOCK_UNDOC',
  },
  { reason: "AMD's own and gone", features: 'D3NOW D3NOWEXT CYRIX_D3NOW SSE4A' },
  {
    reason: 'no guests in the guest',
    features: 'VMX INVEPT INVVPID SVM SKINIT SKINIT_or_SVM SEV_ES SEV_SNP RMPQUERY TDX',
  },
  {
    reason: 'transactions, bounds, shadow stacks, enclaves, measured launch, system management',
    features: 'RTM HLE HLE_or_RTM TSXLDTRK MPX CET_SS CET_IBT SGX1 OSS SMX SMM TSE PCONFIG UINTR FRED LKGS',
  },
  {
    reason: 'cache, translation and power control',
    features:
      'CLFLUSHOPT CLWB CLZERO CLDEMOTE PCOMMIT MCOMMIT INVPCID INVLPGB SMAP MONITOR MONITORX WAITPKG SERIALIZE HRESET PTWRITE RDPRU MSRLIST WRMSRNS WBNOINVD',
  },
];

/** Names of CPUID features as iced-x86 gives them. */
export const UNSUPPORTED: ReadonlySet<string> = new Set(REASONS.flatMap(({ features }) => features.split(/\s+/)));

for (const name of UNSUPPORTED) if (!(name in CpuidFeature)) throw new Error(`iced-x86 knows no CPUID feature ${name}`);
