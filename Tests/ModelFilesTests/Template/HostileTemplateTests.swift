import Foundation
import Testing

@testable import ModelFiles

/// A template comes with a model, from anywhere: it must not crash, hang or take the memory, whatever it says.
@Suite struct HostileTemplateTests {
    private static let conversation = [
        Message(role: "user", content: "Hi"), Message(role: "assistant", content: "Hello"),
    ]

    private static func text(_ count: Int, _ piece: String) -> String { String(repeating: piece, count: count) }

    /// Each must end with an error, in bounded time.
    private static let hostile: [String] = [
        "{{ 'a' * 10 ** 9 }}", "{{ 'a' * 1000000000 }}", "{{ ['a'] * 1000000000 }}", "{{ 'ab' * 9223372036854775807 }}",
        "{{ 2 ** 1000000000 }}",
        "{{ 9223372036854775807 + 1 }}", "{{ -9223372036854775807 - 2 }}", "{{ 9223372036854775807 * 2 }}",
        "{{ (-9223372036854775807 - 1) // -1 }}",
        "{{ -(-9223372036854775807 - 1) }}", "{{ (-9223372036854775807 - 1)|abs }}", "{{ range(1000000000000) }}",
        "{{ range(9223372036854775807) }}",
        "{{ range(-9223372036854775807, 9223372036854775807, 1) }}", "{{ 1 // 0 }}", "{{ 1 % 0 }}", "{{ 1.0 // 0 }}",
        "{{ 0 ** -1 }}",
        "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "{% macro f(x) %}{{ f([x]) }}{% endmacro %}{{ f(1) }}",
        "{% macro f() %}{% call f() %}{{ caller() }}{% endcall %}{% endmacro %}{{ f() }}",
        "{% macro f(n) %}{{ f(n) ~ f(n) }}{% endmacro %}{{ f(1) }}",
        "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}",
        "{% for a in range(100000) %}{% for b in range(100000) %}{{ b }}{% endfor %}{% endfor %}",
        "{% set ns = namespace(s='aaaaaaaaaaaaaaaa') %}{% for i in range(100) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}",
        "{% set ns = namespace(s='aaaaaaaaaaaaaaaa') %}{% for i in range(100) %}{% set ns.s = ns.s + ns.s %}{% endfor %}",
        "{% set ns = namespace(s='aaaaaaaaaaaaaaaa') %}{% for i in range(100) %}{% set ns.s = ns.s.replace('a', ns.s) %}{% endfor %}",
        "{% set ns = namespace(s='aaaaaaaaaaaaaaaa') %}{% for i in range(100) %}{% set ns.s = ns.s.join([ns.s, ns.s, ns.s]) %}{% endfor %}",
        "{% set ns = namespace(l=[1]) %}{% for i in range(100) %}{% set ns.l = ns.l + ns.l %}{% endfor %}",
        "{% set ns = namespace(l=[1]) %}{% for i in range(100000) %}{% set ns.l = [ns.l] %}{% endfor %}",
        "{% set ns = namespace(l=[1]) %}{% for i in range(60) %}{% set ns.l = [ns.l, ns.l] %}{% endfor %}{{ ns.l }}",
        "{% set ns = namespace(l=[1]) %}{% for i in range(60) %}{% set ns.l = [ns.l, ns.l] %}{% endfor %}{{ ns.l|tojson }}",
        "{% set ns = namespace(a=[1], b=[1]) %}{% for i in range(60) %}{% set ns.a = [ns.a, ns.a] %}{% set ns.b = [ns.b, ns.b] %}{% endfor %}{{ ns.a == ns.b }}",
        "{% set ns = namespace(g=[1]) %}{% for i in range(100000) %}{% set ns.g = ns.g|map('string') %}{% endfor %}{{ ns.g|list }}",
        "{% set ns = namespace(d={}) %}{% for i in range(100000) %}{% set ns.d = {'k': ns.d} %}{% endfor %}",
        "{% set ns = namespace(m={}.items) %}{% for i in range(100000) %}{% set ns.m = [ns.m] %}{% endfor %}",
        "{% set ns = namespace(l=[1]) %}{% for i in range(100000) %}{% for x in [ns.l] %}{% set ns.l = loop %}{{ loop.index }}{% endfor %}{% endfor %}",
        "{{ '%999999999d' % 1 }}", "{{ '%.999999999f' % 1 }}", "{{ '%99999999999999999999s' % 1 }}",
        "{{ 'a'.ljust(9223372036854775807) }}",
        "{{ 'a'.zfill(1000000000) }}", "{{ 'a'|center(9223372036854775807) }}",
        "{{ 'a\\nb'|indent(9223372036854775807) }}", "{{ [1]|tojson(indent=9223372036854775807) }}",
        "{{ 'abc'|truncate(9223372036854775807, false, '', 9223372036854775807) }}",
        "{{ [1]|batch(9223372036854775807, 1)|list }}",
        "{{ 1.5|round(9223372036854775807) }}", "{{ (1e308 * 10)|int }}", "{{ 1e300|int }}",
        "{{ '99999999999999999999999'|int }}", "{{ 10.0 ** 400 }}",
        "{{ '%d' % 1e300 }}",
        "{{ strftime_now('%Y' * 100000) }}", "{{ dict([[1, 2, 3]]) }}", "{{ [1, 2][::0] }}", "{{ {[]: 1} }}",
        "{% for i in range(100000) %}{{ 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' * 100 }}{% endfor %}",
        "{% set s = 'a' * 1000000 %}{% for i in range(100000) %}{{ s.split('a')|length }}{% endfor %}",
        "{% set s = 'a' * 1000000 %}{% for i in range(100000) %}{{ s|list|length }}{% endfor %}",
        "{% set s = 'a' * 30000000 %}{{ s|list }}",
        "{% set s = 'a' * 1000000 %}{% set p = 'a' * 500000 ~ 'b' %}{% for i in range(100000) %}{{ p in s }}{{ s.rfind(p) }}{{ s.count(p) }}{% endfor %}",
        "{% set s = 'é' * 1000000 %}{% for i in range(100000) %}{{ s[i] }}{{ s[::-1]|length }}{% endfor %}",
        text(20000, "{{ [") + text(20000, "] }}"), "{{ " + text(50000, "("),
        "{{ " + text(50000, "[") + text(50000, "]") + " }}",
        "{{ " + text(50000, "-") + "1 }}", "{{ " + text(50000, "not ") + "1 }}", "{{ x" + text(50000, ".a") + " }}",
        "{{ 'x'" + text(40000, "|trim") + " }}", "{{ 1" + text(50000, " * 1") + " }}",
        "{{ x" + text(50000, "[0]") + " }}", "{{ x" + text(50000, "()") + " }}",
        "{{ 1" + text(20000, " if 1 else 1") + " }}", "{{ " + text(20000, "{1: ") + "1" + text(20000, "}") + " }}",
        text(20000, "{% if 1 %}") + text(20000, "{% endif %}"),
        text(10000, "{% for x in [1] %}") + text(10000, "{% endfor %}"),
        text(10000, "{% set x %}") + text(10000, "{% endset %}"), "{% set " + text(50000, "(") + "x",
        "{{ 1" + text(50000, " is defined") + " }}",
        text(300_000, "a"), (0..<3000).map { "{% set v\($0) = 1 %}" }.joined(),
        (0..<6000).map { "{% if x\($0) %}{% set y\($0) = 1 %}{% endif %}" }.joined(),
    ]

    /// These are large and yet fine.
    private static let harmless = [
        "{{ 1" + text(20000, " + 1") + " }}", "{{ 'a'" + text(5000, " ~ 'a'") + " }}",
        "{{ 1" + text(20000, " and 1") + " }}",
        "{{ 1" + text(10000, " == 1") + " }}", "{% if 0 %}" + text(15000, "{% elif 0 %}") + "{% endif %}",
        "{% for i in range(100000) %}{{ i }}{% endfor %}", "{{ [" + text(50000, "1,") + "]|length }}",
        text(20000, "{{ 1 }}"),
        "{% set ns = namespace() %}{% set ns.self = ns %}{% macro f() %}{% endmacro %}{% set ns.f = f %}",
        "{{ (1 << 2) if false }}".replacingOccurrences(of: "<<", with: "<"),
    ]

    private func outcome(_ source: String) -> (LocalLMError?, Duration) {
        let clock = ContinuousClock()
        var failure: LocalLMError?
        let time = clock.measure {
            do { _ = try ChatTemplate(source: source).render(Self.conversation, addGenerationPrompt: true) } catch {
                failure = error as? LocalLMError
            }
        }
        return (failure, time)
    }

    @Test(arguments: hostile.indices) func endsWithAnError(index: Int) {
        let source = Self.hostile[index]
        let (error, time) = outcome(source)
        #expect(error != nil, "\(source.prefix(100))")
        #expect(time < .seconds(10), "\(source.prefix(100)) took \(time)")
    }

    @Test(arguments: harmless.indices) func whatIsOnlyLargeIsRendered(index: Int) {
        let (error, _) = outcome(Self.harmless[index])
        #expect(error == nil, "\(Self.harmless[index].prefix(100))")
    }

    /// The deepest recursion that is let through needs a fraction of the stack that a thread has.
    @Test func recursionFitsASmallStack() {
        let sources = [
            "{% macro f(n) %}{% if n %}{% for x in [1] %}{{ '(' ~ ([f(n - 1)]|join)|trim ~ ')' }}{% endfor %}{% endif %}{% endmacro %}{{ f(1000) }}",
            "{% macro f() %}{{ [[[[[[f()]]]]]] }}{% endmacro %}{{ f() }}",
            "{% macro f() %}{{ caller() }}{% call f() %}{% endcall %}{% endmacro %}{% call f() %}{% endcall %}",
            "{% set ns = namespace(g=[1]) %}{% for i in range(60) %}{% set ns.g = ns.g|map('string') %}{% endfor %}{% macro f() %}{{ f() }}{{ ns.g|list }}{% endmacro %}{{ f() }}",
            "{{ " + Self.text(55, "(") + "1" + Self.text(55, ")") + " }}",
            "{{ " + Self.text(200, "[") + Self.text(200, "]") + " }}",
            Self.text(50, "{% if 1 %}") + Self.text(50, "{% endif %}"),
            "{% set ns = namespace(l=[1], g=[1]) %}{% for i in range(60) %}{% set ns.l = [ns.l] %}{% set ns.g = ns.g|map('string') %}{% endfor %}{{ ns.l }}{{ ns.l|tojson }}{{ ns.l == ns.l }}{{ ns.g|list }}",
        ]
        let done = DispatchSemaphore(value: 0)
        let thread = Thread {
            for source in sources {
                _ = try? ChatTemplate(source: source).render(Self.conversation, addGenerationPrompt: true)
            }
            done.signal()
        }
        thread.stackSize = 1 << 20
        thread.start()
        done.wait()
    }
}
