// What the processor deliberately does not have, by iced-x86's CPUID features. Such instructions are #UD here.

const REASONS: readonly [reason: string, features: string][] = [
  [
    'beyond x86-64-v2: VEX, EVEX and XOP encodings',
    'AVX AVX2 FMA FMA4 F16C XOP TBM BMI1 BMI2 AVX_VNNI AVX512F AVX512VL AVX512BW AVX512DQ AVX512CD',
  ],
  ['extended state of what is not there', 'XSAVE XSAVEOPT XSAVEC XSAVES'],
];
export const UNSUPPORTED: ReadonlySet<string> = new Set(REASONS.flatMap(([, features]) => features.split(' ')));
