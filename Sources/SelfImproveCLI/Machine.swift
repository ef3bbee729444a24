import CBuild
import CMalloc
import Foundation
import LocalLM
import SelfImprove

/// What there is to say about the machine before long work begins.
enum Machine {
    static var cores: Int { ProcessInfo.processInfo.activeProcessorCount }

    /// The program's version, the commit it was built from, and what its numbers are computed with here:
    /// `0.1.0 (703dac0d43f2, AVX-512 with bf16, OpenBLAS SkylakeX)`.
    static var version: String {
        let kernel = BLASKernel.current
        let commit = String(cString: cbuild_commit())
        return "\(ProgramVersion.current) (\(commit), \(InstructionSet.current.title), OpenBLAS \(kernel.name))"
    }

    /// Returns freed blocks of a megabyte or more to the system. By default glibc takes larger and larger ones from its
    /// heaps, where caches that are made for each call leave holes: over a hundred rounds a campaign grew by a quarter.
    static func returnFreedMemory() { _ = mallopt(M_MMAP_THRESHOLD, 1 << 20) }

    /// - Throws: where `SELFIMPROVE_ISA` names an instruction set that this processor does not have.
    static func checkInstructionSet() throws {
        _ = try InstructionSet.named(by: ProcessInfo.processInfo.environment)
    }

    /// OpenBLAS chooses its kernel as it is loaded, before any of our code; a processor newer than the library gets the
    /// one of twenty years ago (0.3.21 on an Emerald Rapids). Where nobody named a kernel, the program begins again, as
    /// the same process, with the name of the widest that the processor's vectors allow. Where that cannot be, it goes
    /// on as it is.
    static func replaceOutdatedKernel() {
        let kernel = BLASKernel.current
        guard ProcessInfo.processInfo.environment[kernelVariable] == nil, kernel.isPinnedBelowProcessor else { return }
        setenv(kernelVariable, kernel.processorVectorBits == 512 ? "SkylakeX" : "Haswell", 1)
        execv("/proc/self/exe", CommandLine.unsafeArgv)
        unsetenv(kernelVariable)
    }

    private static let kernelVariable = "OPENBLAS_CORETYPE"

    /// One sentence each; none if all is well.
    static var warnings: [String] {
        guard let pinned = ProcessInfo.processInfo.environment[kernelVariable],
            BLASKernel.current.isPinnedBelowProcessor
        else { return [] }
        return [
            "\(kernelVariable)=\(pinned) holds OpenBLAS at a slower kernel than this processor has (\(InstructionSet.current.title)); unset it for speed"
        ]
    }

    /// Flags of the first processor, as Linux tells them.
    static var flags: Set<Substring> {
        guard
            let text = FileManager.default.contents(atPath: "/proc/cpuinfo").map({ String(decoding: $0, as: UTF8.self) }
            ),
            let line = text.split(separator: "\n").first(where: { $0.hasPrefix("flags") })
        else { return [] }
        return Set(line.split(separator: " "))
    }
}
