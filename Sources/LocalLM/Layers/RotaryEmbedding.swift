import ModelFiles

/// Rotary position embedding (Su et al. 2021) in Hugging Face's layout: lane i of a head turns with lane i + D/2.
///
/// The angle of pair i at position t is t * theta^(-2i/D). The backward pass is the rotation by the opposite angle.
struct RotaryEmbedding: Sendable {
    let headDimension: Int
    private let cosines: FloatBuffer
    private let sines: FloatBuffer

    init(_ c: ModelConfiguration) {
        self.init(
            headDimension: c.headDimension,
            theta: c.ropeTheta,
            scaling: c.ropeScaling,
            positions: c.maximumPositions
        )
    }

    init(headDimension: Int, theta: Float, scaling: RopeScaling? = nil, positions: Int) {
        self.headDimension = headDimension
        let half = headDimension / 2
        cosines = FloatBuffer(count: positions * half)
        sines = FloatBuffer(count: positions * half)
        for i in 0..<half {
            // As transformers: the frequency is rounded to float32, then multiplied in float32.
            var frequency = Float(1 / Double(theta).power(2 * Double(i) / Double(headDimension)))
            if let scaling { frequency = scaling.scaled(frequency) }
            for t in 0..<positions {
                let angle = Double(Float(t) * frequency)
                cosines[t * half + i] = Float(angle.cosine())
                sines[t * half + i] = Float(angle.sine())
            }
        }
    }

    /// Turns `heads` neighbouring heads of one token in place. `backward` turns by the opposite angle.
    @inline(__always) func apply(_ x: UnsafeMutablePointer<Float>, heads: Int, position: Int, backward: Bool = false) {
        let half = headDimension / 2
        let c = cosines.pointer + position * half, s = sines.pointer + position * half
        let sign: Float = backward ? -1 : 1
        for head in 0..<heads {
            let low = x + head * headDimension, high = low + half
            var i = 0
            while i + 16 <= half {
                let a = low.vector(i), b = high.vector(i), cv = c.vector(i), sv = s.vector(i) * sign
                low.store(a * cv - b * sv, at: i)
                high.store(b * cv + a * sv, at: i)
                i += 16
            }
            while i < half {
                let a = low[i], b = high[i], sv = s[i] * sign
                low[i] = a * c[i] - b * sv
                high[i] = b * c[i] + a * sv
                i += 1
            }
        }
    }
}

extension RopeScaling {
    /// With wavelength l = 2 pi / f and the trained context C: f / factor for l > C / low, f for l < C / high, and
    /// between the two (1 - s) f / factor + s f with s = (C / l - low) / (high - low).
    fileprivate func scaled(_ frequency: Float) -> Float {
        let context = Float(originalPositions)
        let wavelength = 2 * Float.pi / frequency
        if wavelength > context / lowFrequencyFactor { return frequency / factor }
        if wavelength < context / highFrequencyFactor { return frequency }
        let smooth = (context / wavelength - lowFrequencyFactor) / (highFrequencyFactor - lowFrequencyFactor)
        return (1 - smooth) * frequency / factor + smooth * frequency
    }
}
