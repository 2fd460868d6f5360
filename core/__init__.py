"""What every room shares: settings, messages, errors, documents, personas, prompts. No Ray and no Discord in here."""
