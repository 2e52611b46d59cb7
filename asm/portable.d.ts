// The layout files are read by AssemblyScript and by TypeScript alike; these are AssemblyScript's number types as TypeScript sees them.
type u32 = number;
