import CSIMD

/// Sixteen floats: one AVX-512 register, or as many smaller ones as the processor needs.
typealias Vector = SIMD16<Float>

extension Vector {
    static var width: Int { 16 }

    /// self * b + c.
    @inline(__always) func multiplied(by b: Vector, plus c: Vector) -> Vector { csimd_fma(self, b, c) }
    @inline(__always) func maximum(_ other: Vector) -> Vector { csimd_max(self, other) }
}

extension UnsafePointer<Float> {
    @inline(__always) func vector(_ index: Int) -> Vector {
        UnsafeRawPointer(self).loadUnaligned(fromByteOffset: index * 4, as: Vector.self)
    }
}

extension UnsafePointer<Float> {
    /// The first `lanes` of sixteen floats, followed by zeros.
    @inline(__always) func vector(_ index: Int, lanes: Int) -> Vector {
        if lanes == 16 { return vector(index) }
        var v = Vector.zero
        for lane in 0..<lanes { v[lane] = self[index + lane] }
        return v
    }
}

extension UnsafeMutablePointer<Float> {
    @inline(__always) func vector(_ index: Int) -> Vector {
        UnsafeRawPointer(self).loadUnaligned(fromByteOffset: index * 4, as: Vector.self)
    }
    /// The first `lanes` of sixteen floats.
    @inline(__always) func store(_ value: Vector, at index: Int, lanes: Int) {
        if lanes == 16 { return store(value, at: index) }
        for lane in 0..<lanes { self[index + lane] = value[lane] }
    }
    @inline(__always) func store(_ value: Vector, at index: Int) {
        UnsafeMutableRawPointer(self).storeBytes(of: value, toByteOffset: index * 4, as: Vector.self)
    }
}

/// Vector arithmetic in fixed order: the same input gives the same bits, whatever else is running.
enum VectorMath {
    /// e^x to about 1 ulp (Cephes' expf polynomial), 0 below -87.3 and saturating above 88.3.
    @inline(__always) static func exp(_ x: Vector) -> Vector {
        let clamped = csimd_min(csimd_max(x, Vector(repeating: -87.336_54)), Vector(repeating: 88.376_26))
        let n = csimd_round(clamped * 1.442_695_04)
        let r = n.multiplied(by: Vector(repeating: -0.693_359_375), plus: clamped)
        let f = n.multiplied(by: Vector(repeating: 2.121_944_4e-4), plus: r)
        var p = Vector(repeating: 1.987_569_15e-4)
        p = p.multiplied(by: f, plus: Vector(repeating: 1.398_199_95e-3))
        p = p.multiplied(by: f, plus: Vector(repeating: 8.333_451_9e-3))
        p = p.multiplied(by: f, plus: Vector(repeating: 4.166_579_6e-2))
        p = p.multiplied(by: f, plus: Vector(repeating: 1.666_666_55e-1))
        p = p.multiplied(by: f, plus: Vector(repeating: 5.000_000_1e-1))
        p = p.multiplied(by: f * f, plus: f + Vector(repeating: 1))
        let exponent = (csimd_to_int(n) &+ SIMD16<Int32>(repeating: 127)) &<< SIMD16<Int32>(repeating: 23)
        return p * csimd_from_bits(exponent)
    }

    /// tanh x = 1 - 2 / (e^2x + 1): absolute error about 1e-7.
    @inline(__always) static func tanh(_ x: Vector) -> Vector {
        let one = Vector(repeating: 1)
        return one - (one + one) / (exp(x + x) + one)
    }

    /// In place: row <- cap tanh(row * factor / cap), over `count` entries.
    @inline(__always) static func softcap(
        _ row: UnsafeMutablePointer<Float>,
        _ count: Int,
        cap: Float,
        factor: Float = 1
    ) {
        let inner = Vector(repeating: factor / cap), outer = Vector(repeating: cap)
        var i = 0
        while i < count {
            let lanes = min(16, count - i)
            row.store(tanh(UnsafePointer(row).vector(i, lanes: lanes) * inner) * outer, at: i, lanes: lanes)
            i += 16
        }
    }

    /// The gradient of the row before its softcap: d <- d (1 - (capped / cap)^2).
    @inline(__always) static func softcapGradient(
        _ d: UnsafeMutablePointer<Float>,
        capped: UnsafePointer<Float>,
        _ count: Int,
        cap: Float
    ) {
        for i in 0..<count {
            let t = capped[i] / cap
            d[i] *= 1 - t * t
        }
    }

    @inline(__always) static func dot(_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ count: Int) -> Float {
        var sum = Vector.zero
        var i = 0
        while i + 16 <= count {
            sum = a.vector(i).multiplied(by: b.vector(i), plus: sum)
            i += 16
        }
        var total = horizontalSum(sum)
        while i < count {
            total += a[i] * b[i]
            i += 1
        }
        return total
    }

    /// y += alpha x.
    @inline(__always) static func accumulate(
        _ y: UnsafeMutablePointer<Float>,
        _ alpha: Float,
        _ x: UnsafePointer<Float>,
        _ count: Int
    ) {
        let a = Vector(repeating: alpha)
        var i = 0
        while i + 16 <= count {
            y.store(x.vector(i).multiplied(by: a, plus: y.vector(i)), at: i)
            i += 16
        }
        while i < count {
            y[i] += alpha * x[i]
            i += 1
        }
    }

    /// y *= alpha.
    @inline(__always) static func scale(_ y: UnsafeMutablePointer<Float>, _ alpha: Float, _ count: Int) {
        let a = Vector(repeating: alpha)
        var i = 0
        while i + 16 <= count {
            y.store(y.vector(i) * a, at: i)
            i += 16
        }
        while i < count {
            y[i] *= alpha
            i += 1
        }
    }

    /// y += x.
    @inline(__always) static func add(_ y: UnsafeMutablePointer<Float>, _ x: UnsafePointer<Float>, _ count: Int) {
        var i = 0
        while i + 16 <= count {
            y.store(y.vector(i) + x.vector(i), at: i)
            i += 16
        }
        while i < count {
            y[i] += x[i]
            i += 1
        }
    }

    /// Pairwise: lanes 0+8, 1+9, ..., then halves again.
    @inline(__always) static func horizontalSum(_ v: Vector) -> Float {
        let a = v.lowHalf + v.highHalf
        let b = a.lowHalf + a.highHalf
        let c = b.lowHalf + b.highHalf
        return c.x + c.y
    }

    @inline(__always) static func horizontalMaximum(_ v: Vector) -> Float { v.max() }

    /// The highest of a row; -infinity where it is empty.
    static func maximum(_ row: UnsafePointer<Float>, _ count: Int) -> Float {
        var peak = -Float.infinity
        var i = 0
        if count >= 16 {
            var peaks = row.vector(0)
            i = 16
            while i + 16 <= count {
                peaks = peaks.maximum(row.vector(i))
                i += 16
            }
            peak = horizontalMaximum(peaks)
        }
        while i < count {
            peak = max(peak, row[i])
            i += 1
        }
        return peak
    }

    /// In place: row <- softmax(scale * row) over `count` entries; returns log of the sum of exponentials.
    static func softmax(_ row: UnsafeMutablePointer<Float>, _ count: Int, scale: Float = 1) -> Float {
        let peak = maximum(row, count)
        let offset = Vector(repeating: -peak * scale), factor = Vector(repeating: scale)
        var sums = Vector.zero
        var i = 0
        while i + 16 <= count {
            let e = exp(row.vector(i).multiplied(by: factor, plus: offset))
            row.store(e, at: i)
            sums += e
            i += 16
        }
        if i < count {
            var lanes = Vector(repeating: -1e30)
            for l in 0..<(count - i) { lanes[l] = row[i + l] }
            var e = exp(lanes.multiplied(by: factor, plus: offset))
            for l in (count - i)..<16 { e[l] = 0 }
            for l in 0..<(count - i) { row[i + l] = e[l] }
            sums += e
        }
        let total = horizontalSum(sums)
        VectorMath.scale(row, 1 / total, count)
        return peak * scale + total.logarithm()
    }

    /// log of the sum of exponentials of a row, which stays as it is.
    static func logSumExp(_ row: UnsafePointer<Float>, _ count: Int) -> Float {
        let peak = maximum(row, count)
        let offset = Vector(repeating: peak)
        var sums = Vector.zero
        var i = 0
        while i + 16 <= count {
            sums += exp(row.vector(i) - offset)
            i += 16
        }
        if i < count {
            var lanes = Vector(repeating: -1e30)
            for l in 0..<(count - i) { lanes[l] = row[i + l] - peak }
            var e = exp(lanes)
            for l in (count - i)..<16 { e[l] = 0 }
            sums += e
        }
        return peak + horizontalSum(sums).logarithm()
    }
}
