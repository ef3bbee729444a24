/// AdamW (Loshchilov & Hutter 2019), fused over ranges of the flat buffer.
///
/// m = b1 m + (1 - b1) g; v = b2 v + (1 - b2) g^2; w = w (1 - lr decay) - lr / (1 - b1^t) m / (sqrt(v / (1 - b2^t)) +
/// eps), as PyTorch.
final class AdamW: @unchecked Sendable {
    let first: FloatBuffer
    let second: FloatBuffer
    private let beta1: Double
    private let beta2: Double
    private let epsilon: Float = 1e-8

    init(count: Int, beta1: Double, beta2: Double) {
        first = FloatBuffer(count: count)
        second = FloatBuffer(count: count)
        self.beta1 = beta1
        self.beta2 = beta2
    }

    /// - Parameters:
    ///   - gradientScale: what gradients are multiplied with first (clipping).
    ///   - step: from 1.
    func update(
        _ weights: UnsafeMutablePointer<Float>,
        _ gradients: UnsafePointer<Float>,
        range: Range<Int>,
        gradientScale: Float,
        learningRate: Double,
        weightDecay: Double,
        step: Int
    ) {
        let keep = Float(1 - learningRate * weightDecay)
        let stepSize = Float(learningRate / (1 - beta1.power(Double(step))))
        let inverseRoot = Float(1 / (1 - beta2.power(Double(step))).squareRoot())
        let b1 = Float(beta1), b2 = Float(beta2), c1 = Float(1 - beta1), c2 = Float(1 - beta2)
        let m = first.pointer, v = second.pointer
        var i = range.lowerBound
        while i + 16 <= range.upperBound {
            let g = gradients.vector(i) * gradientScale
            let mi = m.vector(i) * b1 + g * c1
            let vi = v.vector(i) * b2 + (g * g) * c2
            m.store(mi, at: i)
            v.store(vi, at: i)
            let denominator = vi.squareRoot() * inverseRoot + epsilon
            weights.store(weights.vector(i) * keep - (mi * stepSize) / denominator, at: i)
            i += 16
        }
        while i < range.upperBound {
            let g = gradients[i] * gradientScale
            m[i] = m[i] * b1 + g * c1
            v[i] = v[i] * b2 + (g * g) * c2
            weights[i] = weights[i] * keep - (m[i] * stepSize) / (v[i].squareRoot() * inverseRoot + epsilon)
            i += 1
        }
    }
}
