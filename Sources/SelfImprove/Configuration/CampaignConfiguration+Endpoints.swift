/// How a peer behind an endpoint is read.
extension CampaignConfiguration {
    static func endpoint(_ section: ConfigurationSection, name: String, _ files: ConfigurationFiles) -> EndpointSettings
    {
        let timeouts = section.section("timeouts"), budget = section.section("budget")
        defer {
            timeouts.finish()
            budget.finish()
        }
        let standard = HTTPTimeouts()
        return EndpointSettings(
            name: name,
            address: address(section, files),
            servedModel: section.string("served_model"),
            apiKeyVariable: keyVariable(section),
            concurrency: section.integer("concurrency", default: 8, in: 1...1024),
            requestsPerMinute: section.optionalInteger("requests_per_minute", in: 1...10_000_000),
            tokensPerMinute: section.optionalInteger("tokens_per_minute", in: 1...Int.max),
            timeouts: HTTPTimeouts(
                connect: timeouts.number("connect", default: standard.connect, .through(0.1, 3600)),
                firstByte: timeouts.number("first_byte", default: standard.firstByte, .through(0.1, 86_400)),
                stall: timeouts.number("stall", default: standard.stall, .through(0.1, 86_400)),
                total: timeouts.number("total", default: standard.total, .through(0.1, 86_400))
            ),
            pricePerMillion: section.isOff("price_per_million") ? nil : price(section.section("price_per_million")),
            budget: EndpointSettings.Budget(
                tokens: budget.optionalInteger("tokens", in: 1...Int.max),
                money: budget.optionalNumber("money", .aboveZero)
            )
        )
    }

    private static func price(_ section: ConfigurationSection) -> EndpointSettings.Price {
        defer { section.finish() }
        return EndpointSettings.Price(
            input: section.number("input", .through(0, 1_000_000)),
            output: section.number("output", .through(0, 1_000_000))
        )
    }

    private static func address(_ section: ConfigurationSection, _ files: ConfigurationFiles) -> EndpointAddress {
        let text = section.string("endpoint")
        do {
            let address = try EndpointAddress(text.isEmpty ? placeholder : text)
            // What comes over the network must not make this machine talk to others in its place.
            if files.isConfined {
                section.fault("endpoint", "may not be named in a request", hint: "use selfimprove run, or start")
            }
            return address
        } catch {
            let fault = error as? SelfImproveError
            section.fault("endpoint", fault?.message ?? "\(error)", hint: fault?.hint)
            return (try? EndpointAddress(placeholder))!
        }
    }

    /// In the place of one that cannot be read; the fault is told.
    private static let placeholder = "http://127.0.0.1:8000/v1"

    /// The name alone: whether it is set is looked at where the campaign runs, before anything is spent.
    private static func keyVariable(_ section: ConfigurationSection) -> String? {
        if section.isOff("api_key_env") { return nil }
        let name = section.string("api_key_env")
        let isKey = name.utf8.count >= 16 && !name.contains("_") && name.contains(where: \.isNumber)
        let isMixed = name.contains(where: \.isLowercase) && name.contains(where: \.isUppercase)
        let isName =
            !isKey && !isMixed
            && name.utf8.allSatisfy {
                $0 == UInt8(ascii: "_") || Character(UnicodeScalar($0)).isLetter || $0.isDigit
            }
        guard isName, name.utf8.first.map({ !$0.isDigit }) ?? false else {
            section.fault(
                "api_key_env",
                "is not the name of an environment variable",  // what is there may be the key itself
                hint: "a name such as OPENAI_API_KEY; the key itself is in the variable"
            )
            return nil
        }
        return name
    }
}

extension UInt8 {
    fileprivate var isDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }
}
