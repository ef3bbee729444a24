/// The gated feed-forward activation (Shazeer 2020): a = silu(g) * u, with silu(g) = g / (1 + e^-g).
enum SwiGLU {
    /// - Parameters:
    ///   - gateUp: N x 2F, gates first. `activation`: N x F.
    static func forward(_ gateUp: UnsafePointer<Float>, rows: Int, width f: Int, into activation: UnsafeMutablePointer<Float>) {
        for row in 0..<rows {
            let gate = gateUp + row * 2 * f, up = gate + f, a = activation + row * f
            var i = 0
            while i + 16 <= f {
                let g = gate.vector(i)
                a.store(g * sigmoid(g) * up.vector(i), at: i)
                i += 16
            }
            while i < f {
                a[i] = gate[i] * sigmoid(gate[i]) * up[i]
                i += 1
            }
        }
    }

    /// With s = sigmoid(g): da/du = g s and da/dg = u s (1 + g (1 - s)). Overwrites `dGateUp` (N x 2F).
    static func backward(
        _ dActivation: UnsafePointer<Float>, _ gateUp: UnsafePointer<Float>, rows: Int, width f: Int, into dGateUp: UnsafeMutablePointer<Float>
    ) {
        let one = Vector(repeating: 1)
        for row in 0..<rows {
            let gate = gateUp + row * 2 * f, up = gate + f, da = dActivation + row * f
            let dGate = dGateUp + row * 2 * f, dUp = dGate + f
            var i = 0
            while i + 16 <= f {
                let g = gate.vector(i), s = sigmoid(g), d = da.vector(i)
                dUp.store(d * g * s, at: i)
                dGate.store(d * up.vector(i) * s * g.multiplied(by: one - s, plus: one), at: i)
                i += 16
            }
            while i < f {
                let g = gate[i], s = sigmoid(g)
                dUp[i] = da[i] * g * s
                dGate[i] = da[i] * up[i] * s * (1 + g * (1 - s))
                i += 1
            }
        }
    }

    @inline(__always) private static func sigmoid(_ x: Vector) -> Vector {
        let one = Vector(repeating: 1)
        return one / (one + VectorMath.exp(-x))
    }

    @inline(__always) private static func sigmoid(_ x: Float) -> Float { Float(1 / (1 + (-Double(x)).exponential())) }
}
