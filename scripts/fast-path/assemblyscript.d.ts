/**
 * The part of AssemblyScript's compiler that the build uses (tsconfig.json, `paths`). The types of
 * the package itself replace global names such as `console` by AssemblyScript's.
 */
declare const opaque: unique symbol;
interface Options {
  readonly [opaque]: 'options';
}
interface Program {
  readonly [opaque]: 'program';
}
interface Diagnostic {
  readonly [opaque]: 'diagnostic';
}
export declare class Module {
  readonly useShadowStack: boolean;
  readonly sizeType: number;
  static createFrom(binary: Uint8Array, useShadowStack: boolean, sizeType: number): Module;
  setFeatures(features: number): void;
  optimize(level: number, shrinkLevel: number, debugInfo: boolean, zeroFilled: boolean): void;
  toBinary(sourceMapUrl: null): { readonly output: Uint8Array };
  toText(): string;
}

export declare function newOptions(): Options;
export declare function setTarget(options: Options, target: number): void;
export declare function setRuntime(options: Options, runtime: number): void;
export declare function setNoAssert(options: Options, noAssert: boolean): void;
export declare function setImportMemory(options: Options, importMemory: boolean): void;
export declare function setSharedMemory(options: Options, sharedMemory: boolean): void;
export declare function setInitialMemory(options: Options, pages: number): void;
export declare function setMaximumMemory(options: Options, pages: number): void;
export declare function setStackSize(options: Options, bytes: number): void;
export declare function setFeature(options: Options, feature: number, on: boolean): void;
export declare function setOptimizeLevelHints(
  options: Options,
  level: number,
  shrink: number,
): void;
export declare const FEATURE_BULK_MEMORY: number;
export declare const FEATURE_SIMD: number;
export declare const FEATURE_THREADS: number;

export declare function newProgram(options: Options): Program;
export declare function parse(
  program: Program,
  text: string | null,
  path: string,
  isEntry: boolean,
): void;
/** The path, without extension, of the next file that the program imports; null if it has all. */
export declare function nextFile(program: Program): string | null;
export declare function initializeProgram(program: Program): void;
export declare function compile(program: Program): Module;
export declare function nextDiagnostic(program: Program): Diagnostic | null;
export declare function isError(diagnostic: Diagnostic): boolean;
export declare function formatDiagnostic(
  diagnostic: Diagnostic,
  useColors: boolean,
  showContext: boolean,
): string;
