import CTiles
import Foundation
import ModelFiles

/// What the kernels are compiled for, the widest last; each one includes those before it. Which one runs is picked
/// once, when it is first needed: the widest that this processor has, or the one that `SELFIMPROVE_ISA` names.
///
/// In fp32 all of them give the same bytes. In bf16 all but `amx` do: its tiles add up in another order, that of
/// `PairProduct`.
public enum InstructionSet: String, Sendable, CaseIterable, Comparable {
    case avx2
    case avx512
    /// With dot products of pairs of bf16.
    case avx512bf16
    /// With products of bf16 tiles, on processors of which dot products are no faster than fp32's multiply-adds.
    case amx

    public static func < (a: Self, b: Self) -> Bool { a.rank < b.rank }

    private var rank: Int { Self.allCases.firstIndex(of: self)! }

    /// Names one of them.
    public static let variable = "SELFIMPROVE_ISA"

    /// The widest of this processor.
    public static let processor: InstructionSet = {
        let known: [(ctiles_set, InstructionSet)] = [
            (CTILES_AMX, .amx), (CTILES_AVX512BF16, .avx512bf16), (CTILES_AVX512, .avx512),
        ]
        let found = ctiles_processor()
        return known.first { $0.0 == found }?.1 ?? .avx2
    }()

    /// The one that runs in this process.
    public static let current = (try? named(by: ProcessInfo.processInfo.environment)) ?? processor

    /// - Returns: what the environment names; nil where it names nothing.
    /// - Throws: `.input` for a name that is none, and for one that this processor does not have.
    public static func named(by environment: [String: String]) throws -> InstructionSet? {
        guard let name = environment[variable], !name.isEmpty else { return nil }
        let names = allCases.filter { $0 <= processor }.map(\.rawValue).joined(separator: ", ")
        guard let set = InstructionSet(rawValue: name), set <= processor else {
            throw LocalLMError(
                .input,
                "\(variable)=\(name) is not an instruction set of this processor",
                hint: "it has \(names)"
            )
        }
        return set
    }

    /// Whether bf16 is multiplied in hardware.
    public var hasBFloat16: Bool { self >= .avx512bf16 }

    /// Bits of a vector register.
    public var vectorBits: Int { self == .avx2 ? 256 : 512 }

    /// In words: `AVX-512 with bf16`.
    public var title: String {
        switch self {
        case .avx2: "AVX2"
        case .avx512: "AVX-512"
        case .avx512bf16: "AVX-512 with bf16"
        case .amx: "AVX-512 with AMX"
        }
    }
}

/// The innermost loops of an instruction set.
struct TileKernels: Sendable {
    let block: @convention(c) (UnsafePointer<ctiles_block>?) -> Void
    let strips: @convention(c) (UnsafePointer<ctiles_strips>?) -> Void
    let halfStrips: @convention(c) (UnsafePointer<ctiles_strips>?) -> Void
    let byteStrips: @convention(c) (UnsafePointer<ctiles_strips>?) -> Void
    let pairs: @convention(c) (UnsafePointer<ctiles_product>?) -> Void
    let round: @convention(c) (UnsafePointer<Float>?, Int, UnsafeMutablePointer<UInt16>?) -> Void
    let roundAtRandom:
        @convention(c) (UnsafePointer<Float>?, Int, UInt32, UInt32, UnsafeMutablePointer<UInt16>?) -> Void
    let widenBytes: @convention(c) (UnsafePointer<Int8>?, Int, UnsafeMutablePointer<UInt16>?) -> Void

    static let current = TileKernels(InstructionSet.current)

    init(_ set: InstructionSet) {
        let isWide = set >= .avx512
        block = isWide ? ctiles_block_avx512 : ctiles_block_avx2
        strips = isWide ? ctiles_strips_avx512 : ctiles_strips_avx2
        round = isWide ? ctiles_round_avx512 : ctiles_round_avx2
        roundAtRandom = isWide ? ctiles_round_at_random_avx512 : ctiles_round_at_random_avx2
        widenBytes = isWide ? ctiles_widen_bytes_avx512 : ctiles_widen_bytes_avx2
        halfStrips = isWide ? ctiles_half_strips_avx512 : ctiles_half_strips_avx2
        byteStrips = isWide ? ctiles_byte_strips_avx512 : ctiles_byte_strips_avx2
        pairs =
            switch set {
            case .avx2: ctiles_pairs_avx2
            case .avx512: ctiles_pairs_avx512
            case .avx512bf16: ctiles_pairs_avx512bf16
            case .amx: ctiles_pairs_amx
            }
    }
}
