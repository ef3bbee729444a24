import ArgumentParser
import LocalLM

/// `--precision`: of matrix products in training, of weights in inference.
enum PrecisionOption: String, ExpressibleByArgument, CaseIterable {
    case fp32, bf16, auto

    /// `auto`: bf16 where the processor multiplies it in hardware.
    var training: Precision {
        switch self {
        case .fp32: .fp32
        case .bf16: .bf16
        case .auto: .automatic
        }
    }

    /// nil for `auto`: bf16 where that changes no weight.
    var weights: Precision? { self == .auto ? nil : training }
}
