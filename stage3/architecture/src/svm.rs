//! AMD SVM (AMD APM volume 2, "Secure Virtual Machine").

pub mod vmcb;
