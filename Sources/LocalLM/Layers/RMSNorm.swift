import ModelFiles

/// Root mean square normalisation (Zhang & Sennrich 2019): y = (o + w) x / sqrt(mean(x^2) + epsilon), row by row; the
/// offset o is 0, in Gemma 1.
struct RMSNorm: Sendable {
    let width: Int
    let epsilon: Float
    let offset: Float

    /// The norm of a model over rows of `width`: its hidden states, or one head.
    init(_ c: ModelConfiguration, width: Int) {
        self.init(width: width, epsilon: c.rmsNormEpsilon, offset: c.normOffset)
    }

    init(width: Int, epsilon: Float, offset: Float) {
        self.width = width
        self.epsilon = epsilon
        self.offset = offset
    }

    /// - Parameters:
    ///   - x, y: N x C; they may be the same. `rstd`: N, the reciprocal root mean squares that `backward` reads.
    func forward(
        _ x: UnsafePointer<Float>,
        weight: UnsafePointer<Float>,
        rows: Int,
        into y: UnsafeMutablePointer<Float>,
        rstd: UnsafeMutablePointer<Float>
    ) {
        let c = width, o = Vector(repeating: offset)
        for row in 0..<rows {
            let x = x + row * c, y = y + row * c
            let scale = 1 / (VectorMath.dot(x, x, c) / Float(c) + epsilon).squareRoot()
            rstd[row] = scale
            let s = Vector(repeating: scale)
            var i = 0
            while i + 16 <= c {
                y.store(x.vector(i) * s * (weight.vector(i) + o), at: i)
                i += 16
            }
            while i < c {
                y[i] = x[i] * scale * (weight[i] + offset)
                i += 1
            }
        }
    }

    /// The same as a matrix's operand.
    func forward(
        _ x: UnsafePointer<Float>,
        weight: UnsafePointer<Float>,
        rows: Int,
        into y: ActivationRows,
        rstd: UnsafeMutablePointer<Float>
    ) {
        switch y {
        case .single(let y): forward(x, weight: weight, rows: rows, into: y, rstd: rstd)
        case .half(let y):
            withUnsafeTemporaryAllocation(of: Float.self, capacity: width) { line in
                for row in 0..<rows {
                    forward(x + row * width, weight: weight, rows: 1, into: line.baseAddress!, rstd: rstd + row)
                    BFloat16.convert(line.baseAddress!, width, into: y + row * width)
                }
            }
        }
    }

    /// y = (o + w) x r with r = (mean(x^2) + eps)^-1/2, so dx = r (o + w) dy - x r^3 / C * sum((o + w) dy x) and
    /// dw = sum over rows of dy x r.
    ///
    /// Adds to `dx` (the residual stream's gradient is already there) and to `dWeight`, nil where the weight is frozen.
    func backward(
        _ dy: UnsafePointer<Float>,
        _ x: UnsafePointer<Float>,
        weight: UnsafePointer<Float>,
        rstd: UnsafePointer<Float>,
        rows: Int,
        addingTo dx: UnsafeMutablePointer<Float>,
        _ dWeight: UnsafeMutablePointer<Float>?
    ) {
        let c = width, o = Vector(repeating: offset)
        for row in 0..<rows {
            let dy = dy + row * c, x = x + row * c, dx = dx + row * c
            let r = rstd[row]
            var sums = Vector.zero
            var i = 0
            while i + 16 <= c {
                sums = (dy.vector(i) * (weight.vector(i) + o)).multiplied(by: x.vector(i), plus: sums)
                i += 16
            }
            var sum = VectorMath.horizontalSum(sums)
            while i < c {
                sum += dy[i] * (weight[i] + offset) * x[i]
                i += 1
            }
            let k = -sum * r * r * r / Float(c)
            let rv = Vector(repeating: r), kv = Vector(repeating: k)
            i = 0
            while i + 16 <= c {
                let g = dy.vector(i), xi = x.vector(i)
                dx.store(dx.vector(i) + (g * (weight.vector(i) + o)).multiplied(by: rv, plus: xi * kv), at: i)
                if let dWeight { dWeight.store((g * xi).multiplied(by: rv, plus: dWeight.vector(i)), at: i) }
                i += 16
            }
            while i < c {
                dx[i] += dy[i] * (weight[i] + offset) * r + x[i] * k
                if let dWeight { dWeight[i] += dy[i] * x[i] * r }
                i += 1
            }
        }
    }
}
