import CMalloc
import Foundation
import LocalLM

/// What there is to say about the machine before long work begins.
enum Machine {
    static var cores: Int { ProcessInfo.processInfo.activeProcessorCount }

    /// Returns freed blocks of a megabyte or more to the system. By default glibc takes larger and larger ones from its
    /// heaps, where caches that are made for each call leave holes: over a hundred rounds a campaign grew by a quarter.
    static func returnFreedMemory() { _ = mallopt(M_MMAP_THRESHOLD, 1 << 20) }

    /// One sentence each; none if all is well.
    static var warnings: [String] {
        guard let pinned = ProcessInfo.processInfo.environment["OPENBLAS_CORETYPE"],
            BLASKernel.current.isPinnedBelowProcessor
        else { return [] }
        let vectors = BLASKernel.current.processorVectorBits == 512 ? "AVX-512" : "AVX2"
        return [
            "OPENBLAS_CORETYPE=\(pinned) holds OpenBLAS at a slower kernel than this processor has (\(vectors)); unset it for speed"
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
