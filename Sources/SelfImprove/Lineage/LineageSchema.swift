import GRDB

/// The tables of the lineage. A migration that was released is never edited: changes are new migrations at the end.
enum LineageSchema {
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1 campaigns, rounds and their steps") { try $0.execute(sql: campaigns) }
        migrator.registerMigration("2 models and datasets") { try $0.execute(sql: models) }
        migrator.registerMigration("3 prompts, drafts, answers, samples, verdicts, pairs") {
            try $0.execute(sql: samples)
        }
        migrator.registerMigration("4 evaluations and events") { try $0.execute(sql: evaluations) }
        migrator.registerMigration("5 campaigns wait in a queue") { try $0.execute(sql: queue) }
        migrator.registerMigration("6 figures of a round") {
            try $0.execute(sql: "ALTER TABLE rounds ADD COLUMN figures TEXT")
        }
        migrator.registerMigration("7 answers whole, usage by kind, kinds of models and evaluations open") {
            try $0.execute(sql: wholeAnswers)
            try $0.execute(sql: openKinds)
        }
        migrator.registerMigration("8 lenient marks, and the share of drafts behind an answer") {
            try $0.execute(sql: lenientMarks)
        }
        migrator.registerMigration("9 general conversations") { try $0.execute(sql: generalAnswers) }
        migrator.registerMigration("10 several drafts of one proposer") { try $0.execute(sql: draftSamples) }
        migrator.registerMigration("11 calls of endpoints, and what an aggregator was shown") {
            try $0.execute(sql: calls)
            try $0.execute(sql: shownDrafts)
        }
        migrator.registerMigration("12 how judges that write came to their verdicts") {
            try $0.execute(
                sql: """
                    ALTER TABLE verdicts ADD COLUMN reasoning TEXT;
                    ALTER TABLE verdicts ADD COLUMN swapped_reasoning TEXT;
                    """
            )
        }
        migrator.registerMigration(
            "13 conversations of several turns, what prompts ask of the form, what endpoints refuse"
        ) {
            try $0.execute(sql: turns)
        }
        migrator.registerMigration("14 quarantines that a round honours") {
            try $0.execute(sql: "ALTER TABLE rounds ADD COLUMN quarantines TEXT")
        }
        migrator.registerMigration("15 prompts that models wrote") {
            try $0.execute(sql: "ALTER TABLE prompts ADD COLUMN origin TEXT")
        }
        return migrator
    }

    /// Every turn of a conversation is a prompt of its own, and answering it a step. Made again as in `queue`.
    private static let turns = """
        CREATE TABLE new_prompts (
            campaign TEXT NOT NULL REFERENCES campaigns (name),
            round INTEGER NOT NULL,
            position INTEGER NOT NULL,
            id TEXT NOT NULL,
            turn INTEGER NOT NULL CHECK (turn >= 1),
            task TEXT NOT NULL,
            messages TEXT NOT NULL,
            sha256 TEXT NOT NULL,
            constraints TEXT,
            following TEXT,
            PRIMARY KEY (campaign, round, position),
            UNIQUE (campaign, id, turn)
        ) WITHOUT ROWID;
        INSERT INTO new_prompts SELECT campaign, round, position, id, 1, task, messages, sha256, NULL, NULL
            FROM prompts;
        DROP TABLE prompts;
        ALTER TABLE new_prompts RENAME TO prompts;
        CREATE INDEX prompts_by_hash ON prompts (sha256);
        CREATE TABLE new_steps (
            campaign TEXT NOT NULL REFERENCES campaigns (name),
            round INTEGER NOT NULL,
            step TEXT NOT NULL,
            turn INTEGER NOT NULL,
            state TEXT NOT NULL CHECK (state IN ('running', 'done')),
            value TEXT,
            tokens INTEGER NOT NULL DEFAULT 0,
            seconds REAL NOT NULL DEFAULT 0,
            started_at TEXT NOT NULL,
            ended_at TEXT,
            generated INTEGER,
            scored INTEGER,
            trained INTEGER,
            PRIMARY KEY (campaign, round, step, turn),
            CHECK ((state = 'done') = (value IS NOT NULL))
        ) WITHOUT ROWID;
        INSERT INTO new_steps
            SELECT campaign, round, step, 1, state, value, tokens, seconds, started_at, ended_at, generated, scored,
                trained
            FROM steps;
        DROP TABLE steps;
        ALTER TABLE new_steps RENAME TO steps;
        ALTER TABLE calls ADD COLUMN learnt TEXT;
        """

    private static let shownDrafts = """
        ALTER TABLE answers ADD COLUMN aggregation_prompt TEXT;
        ALTER TABLE answers ADD COLUMN shown_share REAL;
        """

    private static let calls = """
        CREATE TABLE calls (
            campaign TEXT NOT NULL REFERENCES campaigns (name),
            digest TEXT NOT NULL,
            round INTEGER NOT NULL,
            step TEXT NOT NULL,
            peer TEXT NOT NULL,
            endpoint TEXT NOT NULL,
            model TEXT NOT NULL,
            text TEXT,
            finish_reason TEXT,
            prompt_tokens INTEGER NOT NULL,
            completion_tokens INTEGER NOT NULL,
            logprob REAL,
            money REAL NOT NULL,
            seconds REAL NOT NULL,
            tries INTEGER NOT NULL,
            failure TEXT,
            at TEXT NOT NULL,
            PRIMARY KEY (campaign, digest),
            CHECK ((text IS NULL) = (failure IS NOT NULL))
        ) WITHOUT ROWID;
        CREATE INDEX calls_by_peer ON calls (campaign, peer, round, step);
        """

    private static let generalAnswers = """
        CREATE TABLE general_answers (
            campaign TEXT NOT NULL REFERENCES campaigns (name),
            round INTEGER NOT NULL,
            model TEXT NOT NULL,
            position INTEGER NOT NULL,
            text TEXT NOT NULL,
            tokens INTEGER NOT NULL,
            logprob REAL,
            finish_reason TEXT NOT NULL,
            reference_logprob REAL,
            reference_tokens INTEGER NOT NULL,
            PRIMARY KEY (campaign, model, position)
        ) WITHOUT ROWID;
        """

    private static let campaigns = """
        CREATE TABLE campaigns (
            name TEXT PRIMARY KEY NOT NULL,
            seed TEXT NOT NULL,
            configuration TEXT NOT NULL,
            criteria TEXT NOT NULL,
            nursery TEXT,
            initial_model TEXT,
            champion TEXT,
            status TEXT NOT NULL CHECK (status IN ('running', 'finished', 'stopped', 'failed', 'interrupted')),
            stop_reason TEXT,
            created_at TEXT NOT NULL,
            running_seconds REAL NOT NULL DEFAULT 0,
            program_version TEXT NOT NULL
        ) WITHOUT ROWID;
        CREATE TABLE rounds (
            campaign TEXT NOT NULL REFERENCES campaigns (name),
            round INTEGER NOT NULL CHECK (round >= 1),
            parent TEXT NOT NULL,
            sft_model TEXT,
            dpo_model TEXT,
            challenger TEXT,
            outcome TEXT CHECK (outcome IN ('promoted', 'rejected', 'inconclusive', 'abandoned')),
            reason TEXT,
            champion_after TEXT,
            seconds REAL NOT NULL DEFAULT 0,
            started_at TEXT NOT NULL,
            ended_at TEXT,
            PRIMARY KEY (campaign, round)
        ) WITHOUT ROWID;
        CREATE TABLE steps (
            campaign TEXT NOT NULL REFERENCES campaigns (name),
            round INTEGER NOT NULL,
            step TEXT NOT NULL,
            state TEXT NOT NULL CHECK (state IN ('running', 'done')),
            value TEXT,
            tokens INTEGER NOT NULL DEFAULT 0,
            seconds REAL NOT NULL DEFAULT 0,
            started_at TEXT NOT NULL,
            ended_at TEXT,
            PRIMARY KEY (campaign, round, step),
            CHECK ((state = 'done') = (value IS NOT NULL))
        ) WITHOUT ROWID;
        """

    /// SQLite changes no CHECK: the table is made again and takes the old one's name ("Making Other Kinds Of Table
    /// Schema Changes"; the migrator switches foreign keys off around it and checks them afterwards).
    private static let queue = """
        CREATE TABLE new_campaigns (
            name TEXT PRIMARY KEY NOT NULL,
            seed TEXT NOT NULL,
            configuration TEXT NOT NULL,
            criteria TEXT NOT NULL,
            nursery TEXT,
            initial_model TEXT,
            champion TEXT,
            status TEXT NOT NULL CHECK (
                status IN ('queued', 'running', 'paused', 'finished', 'stopped', 'failed', 'interrupted')),
            stop_reason TEXT,
            created_at TEXT NOT NULL,
            running_seconds REAL NOT NULL DEFAULT 0,
            program_version TEXT NOT NULL,
            queued_at TEXT
        ) WITHOUT ROWID;
        INSERT INTO new_campaigns SELECT *, NULL FROM campaigns;
        DROP TABLE campaigns;
        ALTER TABLE new_campaigns RENAME TO campaigns;
        """

    /// Every answer has its finish reason and tokens. Earlier versions guessed the reason from the tokens whenever they
    /// read a draft or a sample: the same guess is made here, once.
    private static let wholeAnswers = """
        ALTER TABLE drafts ADD COLUMN finish_reason TEXT NOT NULL DEFAULT 'stop';
        ALTER TABLE drafts ADD COLUMN role TEXT NOT NULL DEFAULT 'peer';
        ALTER TABLE samples ADD COLUMN finish_reason TEXT NOT NULL DEFAULT 'stop';
        ALTER TABLE answers ADD COLUMN tokens INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE answers ADD COLUMN logprob REAL;
        ALTER TABLE answers ADD COLUMN finish_reason TEXT NOT NULL DEFAULT 'stop';
        ALTER TABLE steps ADD COLUMN generated INTEGER;
        ALTER TABLE steps ADD COLUMN scored INTEGER;
        ALTER TABLE steps ADD COLUMN trained INTEGER;
        UPDATE drafts SET role = 'champion' WHERE proposer = 'champion';
        UPDATE drafts SET finish_reason = 'length' WHERE tokens >= (
            SELECT json_extract(configuration, '$.mixture.maximumTokens') FROM campaigns WHERE name = drafts.campaign);
        UPDATE samples SET finish_reason = 'length' WHERE tokens >= (
            SELECT json_extract(configuration, '$.mixture.maximumTokens') FROM campaigns WHERE name = samples.campaign);
        UPDATE answers SET finish_reason = 'length' WHERE reason = 'truncated';
        """

    /// What a model or an evaluation is of is checked by the program alone, so that a new kind needs no new table. Made
    /// again as in `queue`.
    private static let openKinds = """
        CREATE TABLE new_models (
            digest TEXT PRIMARY KEY NOT NULL,
            kind TEXT NOT NULL,
            parent TEXT,
            campaign TEXT,
            round INTEGER,
            dataset TEXT,
            settings TEXT NOT NULL,
            seed TEXT NOT NULL,
            created_at TEXT NOT NULL,
            name TEXT,
            program_version TEXT NOT NULL
        ) WITHOUT ROWID;
        INSERT INTO new_models SELECT * FROM models;
        DROP TABLE models;
        ALTER TABLE new_models RENAME TO models;
        CREATE INDEX models_by_parent ON models (parent);
        CREATE TABLE new_evaluations (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            campaign TEXT NOT NULL REFERENCES campaigns (name),
            round INTEGER NOT NULL,
            model TEXT,
            "set" TEXT NOT NULL,
            subject TEXT NOT NULL,
            name TEXT NOT NULL,
            n INTEGER NOT NULL,
            correct INTEGER NOT NULL,
            low REAL NOT NULL,
            high REAL NOT NULL,
            slices TEXT NOT NULL,
            dataset TEXT,
            mean_tokens REAL,
            created_at TEXT NOT NULL
        );
        INSERT INTO new_evaluations SELECT * FROM evaluations;
        DROP TABLE evaluations;
        ALTER TABLE new_evaluations RENAME TO evaluations;
        CREATE INDEX evaluations_by_campaign ON evaluations (campaign, round);
        CREATE INDEX evaluations_by_model ON evaluations (model);
        UPDATE evaluations SET subject = 'rule' WHERE subject = 'mixture' AND name <> 'mixture';
        """

    /// Rows of earlier versions have strict marks alone, as campaigns have that compare whole texts.
    private static let lenientMarks = """
        ALTER TABLE evaluations ADD COLUMN lenient INTEGER;
        ALTER TABLE evaluations ADD COLUMN marks TEXT;
        ALTER TABLE evaluation_answers ADD COLUMN lenient INTEGER;
        ALTER TABLE answers ADD COLUMN share REAL;
        """

    /// A proposer may answer a prompt several times: the sample is part of a draft's key. Made again as in `queue`.
    private static let draftSamples = """
        CREATE TABLE new_drafts (
            campaign TEXT NOT NULL,
            round INTEGER NOT NULL,
            layer INTEGER NOT NULL CHECK (layer >= 1),
            position INTEGER NOT NULL,
            proposer_index INTEGER NOT NULL,
            sample INTEGER NOT NULL,
            proposer TEXT NOT NULL,
            role TEXT NOT NULL,
            model TEXT NOT NULL,
            text TEXT NOT NULL,
            tokens INTEGER NOT NULL,
            logprob REAL,
            finish_reason TEXT NOT NULL,
            confidence REAL,
            PRIMARY KEY (campaign, round, layer, position, proposer_index, sample),
            FOREIGN KEY (campaign, round, position) REFERENCES prompts
        ) WITHOUT ROWID;
        INSERT INTO new_drafts
            SELECT campaign, round, layer, position, proposer_index, 0, proposer, role, model, text, tokens, logprob,
                finish_reason, confidence
            FROM drafts;
        DROP TABLE drafts;
        ALTER TABLE new_drafts RENAME TO drafts;
        CREATE INDEX drafts_by_model ON drafts (model);
        """

    private static let models = """
        CREATE TABLE models (
            digest TEXT PRIMARY KEY NOT NULL,
            kind TEXT NOT NULL CHECK (kind IN ('nursery', 'initial', 'sft', 'dpo')),
            parent TEXT,
            campaign TEXT,
            round INTEGER,
            dataset TEXT,
            settings TEXT NOT NULL,
            seed TEXT NOT NULL,
            created_at TEXT NOT NULL,
            name TEXT,
            program_version TEXT NOT NULL
        ) WITHOUT ROWID;
        CREATE INDEX models_by_parent ON models (parent);
        CREATE TABLE nurseries (
            key TEXT PRIMARY KEY NOT NULL,
            models TEXT NOT NULL,
            created_at TEXT NOT NULL
        ) WITHOUT ROWID;
        CREATE TABLE datasets (
            digest TEXT PRIMARY KEY NOT NULL,
            kind TEXT NOT NULL,
            campaign TEXT,
            round INTEGER,
            rows INTEGER NOT NULL,
            tokens INTEGER,
            created_at TEXT NOT NULL
        ) WITHOUT ROWID;
        """

    private static let samples = """
        CREATE TABLE prompts (
            campaign TEXT NOT NULL REFERENCES campaigns (name),
            round INTEGER NOT NULL,
            position INTEGER NOT NULL,
            id TEXT NOT NULL,
            task TEXT NOT NULL,
            messages TEXT NOT NULL,
            sha256 TEXT NOT NULL,
            PRIMARY KEY (campaign, round, position),
            UNIQUE (campaign, id)
        ) WITHOUT ROWID;
        CREATE INDEX prompts_by_hash ON prompts (sha256);
        CREATE TABLE drafts (
            campaign TEXT NOT NULL,
            round INTEGER NOT NULL,
            layer INTEGER NOT NULL CHECK (layer >= 1),
            position INTEGER NOT NULL,
            proposer_index INTEGER NOT NULL,
            proposer TEXT NOT NULL,
            model TEXT NOT NULL,
            text TEXT NOT NULL,
            tokens INTEGER NOT NULL,
            logprob REAL,
            confidence REAL,
            PRIMARY KEY (campaign, round, layer, position, proposer_index),
            FOREIGN KEY (campaign, round, position) REFERENCES prompts
        ) WITHOUT ROWID;
        CREATE INDEX drafts_by_model ON drafts (model);
        CREATE TABLE answers (
            campaign TEXT NOT NULL,
            round INTEGER NOT NULL,
            position INTEGER NOT NULL,
            text TEXT NOT NULL,
            confidence REAL,
            kept INTEGER NOT NULL,
            reason TEXT,
            aggregator TEXT,
            aggregator_model TEXT,
            hard INTEGER NOT NULL,
            PRIMARY KEY (campaign, round, position),
            FOREIGN KEY (campaign, round, position) REFERENCES prompts
        ) WITHOUT ROWID;
        CREATE TABLE samples (
            campaign TEXT NOT NULL,
            round INTEGER NOT NULL,
            position INTEGER NOT NULL,
            sample INTEGER NOT NULL,
            text TEXT NOT NULL,
            tokens INTEGER NOT NULL,
            logprob REAL,
            PRIMARY KEY (campaign, round, position, sample),
            FOREIGN KEY (campaign, round, position) REFERENCES prompts
        ) WITHOUT ROWID;
        CREATE TABLE verdicts (
            campaign TEXT NOT NULL,
            round INTEGER NOT NULL,
            position INTEGER NOT NULL,
            judge TEXT NOT NULL,
            first INTEGER NOT NULL,
            second INTEGER NOT NULL,
            verdict TEXT NOT NULL,
            swapped_verdict TEXT NOT NULL,
            PRIMARY KEY (campaign, round, position, judge, first, second),
            FOREIGN KEY (campaign, round, position, first) REFERENCES samples,
            FOREIGN KEY (campaign, round, position, second) REFERENCES samples,
            CHECK (first < second)
        ) WITHOUT ROWID;
        CREATE TABLE pairs (
            campaign TEXT NOT NULL,
            round INTEGER NOT NULL,
            position INTEGER NOT NULL,
            chosen_sample INTEGER NOT NULL,
            rejected_sample INTEGER NOT NULL,
            chosen_score REAL NOT NULL,
            rejected_score REAL NOT NULL,
            PRIMARY KEY (campaign, round, position),
            FOREIGN KEY (campaign, round, position, chosen_sample) REFERENCES samples,
            FOREIGN KEY (campaign, round, position, rejected_sample) REFERENCES samples,
            CHECK (chosen_score > rejected_score)
        ) WITHOUT ROWID;
        CREATE TABLE dataset_rows (
            dataset TEXT NOT NULL REFERENCES datasets (digest),
            row INTEGER NOT NULL,
            campaign TEXT NOT NULL,
            round INTEGER NOT NULL,
            position INTEGER NOT NULL,
            chosen_sample INTEGER,
            rejected_sample INTEGER,
            PRIMARY KEY (dataset, campaign, row),
            FOREIGN KEY (campaign, round, position) REFERENCES prompts
        ) WITHOUT ROWID;
        CREATE INDEX dataset_rows_by_prompt ON dataset_rows (campaign, round, position);
        """

    private static let evaluations = """
        CREATE TABLE evaluations (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            campaign TEXT NOT NULL REFERENCES campaigns (name),
            round INTEGER NOT NULL,
            model TEXT,
            "set" TEXT NOT NULL CHECK ("set" IN ('gate', 'report')),
            subject TEXT NOT NULL CHECK (subject IN ('model', 'peer', 'mixture')),
            name TEXT NOT NULL,
            n INTEGER NOT NULL,
            correct INTEGER NOT NULL,
            low REAL NOT NULL,
            high REAL NOT NULL,
            slices TEXT NOT NULL,
            dataset TEXT,
            mean_tokens REAL,
            created_at TEXT NOT NULL
        );
        CREATE INDEX evaluations_by_campaign ON evaluations (campaign, round);
        CREATE INDEX evaluations_by_model ON evaluations (model);
        CREATE TABLE evaluation_answers (
            evaluation INTEGER NOT NULL REFERENCES evaluations (id),
            prompt_id TEXT NOT NULL,
            slice TEXT NOT NULL,
            output TEXT NOT NULL,
            correct INTEGER NOT NULL,
            PRIMARY KEY (evaluation, prompt_id)
        ) WITHOUT ROWID;
        CREATE TABLE events (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            campaign TEXT NOT NULL REFERENCES campaigns (name),
            round INTEGER,
            kind TEXT NOT NULL,
            message TEXT NOT NULL,
            champion TEXT,
            data TEXT,
            at TEXT NOT NULL
        );
        CREATE INDEX events_by_campaign ON events (campaign, id);
        CREATE TRIGGER events_are_kept BEFORE DELETE ON events BEGIN
            SELECT RAISE(ABORT, 'events are never deleted');
        END;
        CREATE TRIGGER events_stay_as_they_are BEFORE UPDATE ON events BEGIN
            SELECT RAISE(ABORT, 'events are never changed');
        END;
        """
}
