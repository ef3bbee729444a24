/// How training multiplies matrices. Weights, gradients, optimizer, softmax, norms and loss are fp32 in either.
public enum Precision: String, Sendable, Codable, CaseIterable {
    case fp32
    /// Operands rounded to bf16, sums in fp32 (mixed precision with fp32 master weights; Micikevicius et al. 2018, Kalamkar et al. 2019).
    /// Where the processor has no bf16 instructions the same is computed with rounded fp32 operands, no faster than fp32.
    case bf16

    /// bf16 where the processor multiplies it in hardware, else fp32.
    public static var automatic: Precision { OneDNN.hasBFloat16 ? .bf16 : .fp32 }
}
