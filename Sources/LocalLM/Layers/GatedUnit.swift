import ModelFiles

/// The gated feed-forward activation (Shazeer 2020): a = f(g) u, with f(g) = g s(g): SwiGLU where s is the sigmoid,
/// GeGLU where f is GELU's tanh form, .5 g (1 + tanh(z)) = g sigmoid(2 z) with z = sqrt(2 / pi) (g + .044715 g^3).
enum GatedUnit {
    /// - Parameters:
    ///   - gateUp: N x 2F, gates first. `activation`: N x F.
    ///   - columns: those of `activation` that are wanted; nil: all.
    static func forward(
        _ function: ModelConfiguration.Activation,
        _ gateUp: UnsafePointer<Float>,
        rows: Int,
        width f: Int,
        columns: Range<Int>? = nil,
        into activation: UnsafeMutablePointer<Float>
    ) {
        let columns = columns ?? 0..<f
        switch function {
        case .silu: forward(gateUp, rows: rows, width: f, columns, into: activation) { sigmoid($0) }
        case .geluTanh:
            forward(gateUp, rows: rows, width: f, columns, into: activation) { sigmoid(doubledArgument($0)) }
        }
    }

    /// da/du = g s and, with s' = s (1 - s) k, da/dg = u s (1 + g (1 - s) k), where k = 1 for SwiGLU, and 2 dz/dg for
    /// GeGLU. Overwrites `dGateUp` (N x 2F).
    static func backward(
        _ function: ModelConfiguration.Activation,
        _ dActivation: UnsafePointer<Float>,
        _ gateUp: UnsafePointer<Float>,
        rows: Int,
        width f: Int,
        into dGateUp: UnsafeMutablePointer<Float>
    ) {
        let one = Vector(repeating: 1)
        switch function {
        case .silu:
            backward(dActivation, gateUp, rows: rows, width: f, into: dGateUp) { g in
                let s = sigmoid(g)
                return (s, g.multiplied(by: one - s, plus: one))
            }
        case .geluTanh:
            backward(dActivation, gateUp, rows: rows, width: f, into: dGateUp) { g in
                let s = sigmoid(doubledArgument(g))
                let slope = (g * g).multiplied(
                    by: Vector(repeating: 2 * rootTwoOverPi * 3 * cubic),
                    plus: Vector(repeating: 2 * rootTwoOverPi)
                )
                return (s, (g * slope).multiplied(by: one - s, plus: one))
            }
        }
    }

    private static let rootTwoOverPi: Float = 0.797_884_56
    private static let cubic: Float = 0.044_715

    /// 2 z.
    @inline(__always) private static func doubledArgument(_ g: Vector) -> Vector {
        g
            * (g * g).multiplied(
                by: Vector(repeating: 2 * rootTwoOverPi * cubic),
                plus: Vector(repeating: 2 * rootTwoOverPi)
            )
    }

    @inline(__always) private static func sigmoid(_ x: Vector) -> Vector {
        let one = Vector(repeating: 1)
        return one / (one + VectorMath.exp(-x))
    }

    @inline(__always) private static func forward(
        _ gateUp: UnsafePointer<Float>,
        rows: Int,
        width f: Int,
        _ columns: Range<Int>,
        into activation: UnsafeMutablePointer<Float>,
        _ gate: (Vector) -> Vector
    ) {
        for row in 0..<rows {
            let gates = gateUp + row * 2 * f, up = gates + f, a = activation + row * f
            var i = columns.lowerBound
            while i < columns.upperBound {
                let lanes = min(16, columns.upperBound - i)
                let g = gates.vector(i, lanes: lanes)
                a.store(g * gate(g) * up.vector(i, lanes: lanes), at: i, lanes: lanes)
                i += 16
            }
        }
    }

    /// `parts` gives s and 1 + g (1 - s) k.
    @inline(__always) private static func backward(
        _ dActivation: UnsafePointer<Float>,
        _ gateUp: UnsafePointer<Float>,
        rows: Int,
        width f: Int,
        into dGateUp: UnsafeMutablePointer<Float>,
        _ parts: (Vector) -> (Vector, Vector)
    ) {
        for row in 0..<rows {
            let gates = gateUp + row * 2 * f, up = gates + f, da = dActivation + row * f
            let dGate = dGateUp + row * 2 * f, dUp = dGate + f
            var i = 0
            while i < f {
                let lanes = min(16, f - i)
                let g = gates.vector(i, lanes: lanes), d = da.vector(i, lanes: lanes)
                let (s, slope) = parts(g)
                dUp.store(d * g * s, at: i, lanes: lanes)
                dGate.store(d * up.vector(i, lanes: lanes) * s * slope, at: i, lanes: lanes)
                i += 16
            }
        }
    }
}
