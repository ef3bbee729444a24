import CMalloc
import Foundation

/// What there is to say about the machine before long work begins.
enum Machine {
    static var cores: Int { ProcessInfo.processInfo.activeProcessorCount }

    /// Returns freed blocks of a megabyte or more to the system. By default glibc takes larger and larger ones from its
    /// heaps, where caches that are made for each call leave holes: over a hundred rounds a campaign grew by a quarter.
    static func returnFreedMemory() { _ = mallopt(M_MMAP_THRESHOLD, 1 << 20) }

    /// One sentence each; none if all is well.
    static var warnings: [String] {
        var warnings: [String] = []
        if let pinned = ProcessInfo.processInfo.environment["OPENBLAS_CORETYPE"], hasAVX512,
            !["SkylakeX", "Cooperlake", "Sapphirerapids", "Zen4"].contains(pinned)
        {
            warnings.append(
                "OPENBLAS_CORETYPE=\(pinned) holds OpenBLAS at a slower kernel than this processor has (AVX-512); unset it for speed"
            )
        }
        return warnings
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

    static var hasAVX512: Bool { flags.contains("avx512f") }
}
